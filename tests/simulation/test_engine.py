from tradesim.simulation.engine import Engine, Phase


def order_of(*scheduled: tuple[int, Phase, int]) -> list[tuple[int, Phase, int]]:
    seen = []
    engine = Engine(start=0)
    for instant, phase, key in scheduled:
        engine.at(instant, phase, lambda item=(instant, phase, key): seen.append(item), key=key)
    engine.run(lambda until: False)
    return seen


def test_time_then_phase_then_key_decide_the_order():
    items = [(5, Phase.WAKE, 0), (5, Phase.ACK, 9), (5, Phase.ACK, 2), (5, Phase.ORDER, 1), (4, Phase.WAKE, 7)]
    assert order_of(*items) == sorted(items, key=lambda i: (i[0], i[1], i[2]))


def test_instants_stay_exact_integers_at_the_scale_of_nanoseconds_since_the_epoch():
    instant = 1_900_000_000_000_000_001
    engine = Engine(start=instant - 1)
    seen = []
    engine.at(instant, Phase.ORDER, lambda: seen.append(engine.now))
    engine.run(lambda until: False)
    assert seen == [instant]


def test_the_tape_is_asked_up_to_the_next_event_and_goes_first():
    engine = Engine(start=0)
    asked, seen, pending = [], [], [3, 8]

    def advance(until):
        asked.append(until)
        if pending and (until is None or pending[0] <= until):
            engine.at(pending.pop(0), Phase.WAKE, lambda: seen.append(("wake", engine.now)))
            return True
        return False

    engine.at(5, Phase.ORDER, lambda: seen.append(("order", engine.now)))
    engine.run(advance)
    assert seen == [("wake", 3), ("order", 5), ("wake", 8)]
    assert asked == [5, 3, 5, None, 8, None]
