"""Measurements and recordings in files of the user's own."""

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import SourceError
from tradesim.simulation.latency_file import empirical_file, recorded_link
from tradesim.simulation.orders import Action

ROW = np.dtype([("req_ts", "i8"), ("exch_ts", "i8"), ("resp_ts", "i8"), ("_padding", "i8")])


@pytest.fixture
def written(tmp_path):
    """Writes a file by its suffix; returns its path."""

    def write(name, content):
        path = tmp_path / name
        match path.suffix:
            case ".npy":
                np.save(path, content)
            case ".npz":
                np.savez(path, **content)
            case ".parquet":
                pl.DataFrame(content).write_parquet(path)
            case _:
                path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"30\n10\n20\n"),
        ("a.txt", b"30\n10\n20"),
        ("a.csv", b"delay\n30\n10\n20\n"),
        ("a.csv", b"tag,ns\nhit,30\nmiss,10\nhit,20\n"),
        ("a.csv", b"3e1\n10.0\n20\n"),
        ("a.parquet", {"delay": [30, 10, 20]}),
        ("a.parquet", {"x": ["a", "b", "c"], "ns": [30.0, 10.0, 20.0]}),
        ("a.npy", np.array([30, 10, 20], dtype=np.uint32)),
        ("a.npy", np.array([30.0, 10.0, 20.0])),
        ("a.npz", {"data": np.array([30, 10, 20]), "more": np.array([1])}),
        ("a.npz", {"any": np.array([30, 10, 20])}),
    ],
)
def test_measurements_are_drawn_as_they_stand_in_the_file(written, name, content):
    model = empirical_file(written(name, content))
    assert model.measurements.tolist() == [30, 10, 20]
    assert model.source == name
    assert [model.sample(u) for u in (0.1, 0.5, 0.9)] == [10, 20, 30]


def test_a_column_is_chosen_by_its_name(written):
    path = written("a.csv", b"ns,other\n1,5\n2,6\n")
    assert empirical_file(path, "other").measurements.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.csv", b"", "cannot be read"),
        ("a.csv", b"ns\n", "give at least one row"),
        ("a.csv", b"ns\n5\n-7\n", "measurement 2: it is -7 ns"),
        ("a.csv", b"5\n1.5\n", "row 2: 1.5; give whole numbers"),
        ("a.csv", b"ns\n5\n\n6\n", "row 2: None; give whole numbers"),
        ("a.csv", b"ns\n5\nfast\n", "holds String"),
        ("a.csv", b"9000000000000000000000\n1\n", "give whole numbers"),
        ("a.csv", b"2000000000000000\n1\n", "from 0 to"),
        ("a.csv", b"a,b\n1,2\n", "no column 'ns', but a, b"),
        ("a.csv", b"\xff\xfe\x00\x01\n\xff", "cannot be read"),
        ("a.parquet", {"ns": [True]}, "holds Boolean"),
        ("a.npy", np.array([1.0, np.nan]), "row 2: nan"),
        ("a.npy", np.array([[1, 2]]), "2 dimensions"),
        ("a.npy", np.array([1, None]), "cannot be read"),
        ("a.npz", {"a": np.array([1]), "b": np.array([1])}, "one must be called data"),
        ("a.xls", b"1", "its suffix is '.xls'"),
    ],
)
def test_what_is_no_measurement_is_refused_in_one_line(written, name, content, rule):
    with pytest.raises(SourceError) as caught:
        empirical_file(written(name, content))
    assert rule in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broken_or_missing_file_is_refused(tmp_path):
    for suffix in (".parquet", ".npy", ".npz"):
        broken = tmp_path / f"broken{suffix}"
        broken.write_bytes(b"1\n2\n")
        with pytest.raises(SourceError, match="cannot be read"):
            empirical_file(broken)
    with pytest.raises(SourceError, match="no such file"):
        recorded_link(tmp_path / "none.csv")


def sampled(link, at):
    return [(link.entry_delay(Action.PLACE, 0.5, t), link.rejects(Action.PLACE, 0.5, t)) for t in at]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.npz", {"data": np.array([(1000, 1010, 1050, 0), (2000, 2030, 2040, 0)], ROW)}),
        ("r.npy", np.array([(2000, 2030, 2040, 0), (1000, 1010, 1050, 0)], ROW)),
        ("r.csv", b"req_ts,exch_ts,resp_ts,note\n1000,1010,1050,a\n2000,2030,2040,b\n"),
        ("r.parquet", {"resp_ts": [1050, 2040], "req_ts": [1000, 2000], "exch_ts": [1010, 2030]}),
    ],
)
def test_a_recording_gives_both_ways(written, name, content):
    link = recorded_link(written(name, content))
    assert sampled(link, [0, 1000, 1500, 2000, 9000]) == [
        (10, False),
        (10, False),
        (20, False),
        (30, False),
        (30, False),
    ]
    assert [link.response_delay(Action.PLACE, 0.5, t) for t in (0, 1010, 1520, 2030, 9000)] == [40, 40, 25, 10, 10]


@pytest.mark.parametrize(
    ("refused", "entry", "response"),
    [
        ((2000, 0, 2090), 20, 70),
        ((2000, 0, 2015), 15, 0),
        ((2000, 2040, -2100), 40, 60),
        ((2000, 2040, 0), 40, 40),
        ((2000, 0, 0), 20, 40),
        ((2000, -1, -1), 20, 40),
    ],
)
def test_a_refused_request_takes_what_is_known_of_it(written, refused, entry, response):
    rows = [(1000, 1010, 1050, 0), (*refused, 0), (3000, 3030, 3070, 0)]
    link = recorded_link(written("r.npz", {"data": np.array(rows, ROW)}))
    assert sampled(link, [999, 1000, 2000, 3000]) == [(10, False), (10, True), (entry, True), (30, False)]
    assert link.response_delay(Action.PLACE, 0.5, 2000 + entry) == response


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (b"1000,1010,1050\n2000,1990,2040\n", "request 2: sent 2000, at the venue 1990"),
        (b"1000,1010,1005\n", "do not go back in time"),
        (b"1000,0,1005\n", "none of its 1 requests was accepted"),
        (b"1000,1010.5,1050\n", "column 'exch_ts', row 1"),
        (b"", "give at least one row"),
    ],
)
def test_a_recording_that_breaks_its_rules_is_refused_in_one_line(written, rows, rule):
    with pytest.raises(SourceError) as caught:
        recorded_link(written("r.csv", b"req_ts,exch_ts,resp_ts\n" + rows))
    assert rule in str(caught.value)
    assert "\n" not in str(caught.value)


def peer(rows, at):
    """What hftbacktest's documentation says of the way to the venue: a delay, or None where it is refused."""
    for (sent, venue, _), (later, later_venue, _) in pairwise(rows):
        if sent <= at < later:
            if venue <= 0 or later_venue <= 0:
                return None
            change = (later_venue - later - venue + sent) / (later - sent) * (at - sent)
            return int(change) + venue - sent
    sent, venue, _ = rows[0] if at < rows[0][0] else rows[-1]
    return venue - sent if venue > 0 else None


requests = st.lists(
    st.tuples(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.booleans()),
    min_size=1,
    max_size=12,
)


@given(requests.filter(lambda rows: not all(row[3] for row in rows)), st.lists(st.integers(0, 10**7), min_size=1))
def test_the_way_to_the_venue_is_the_peers_to_the_nanosecond(rows, at):
    rows.sort()
    stamps = [(sent, 0 if lost else sent + there, sent + there + back) for sent, there, back, lost in rows]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "r.npy"
        np.save(path, np.array([(*row, 0) for row in stamps], ROW))
        link = recorded_link(path)
    for t in at:
        expected = peer(stamps, t)
        assert link.rejects(Action.PLACE, 0.5, t) == (expected is None)
        assert expected is None or link.entry_delay(Action.PLACE, 0.5, t) == expected


def test_a_recording_without_its_columns_is_refused(written):
    with pytest.raises(SourceError, match="no column 'req_ts'"):
        recorded_link(written("r.csv", b"1\n2\n"))
