"""Two steps of a walk through trees, each on a whole vector of numbers.

They are written in LLVM's generic vectors, which every processor has, because numba leaves the loops that say the same
in scalars: 64 options pass a node in the time of one.
"""

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES: Final = 64
"""Options that walk together."""

FOUR: Final = 4
"""Terms of a leaf that are added together."""

BYTE: Final = ir.IntType(8)
INDEX: Final = ir.IntType(32)


@intrinsic
def choose_lanes(  # type: ignore[no-untyped-def]
    typing_context, ranks, at, threshold, chosen, left, right, to
) -> tuple[Any, Any]:
    """``chosen[to:] = chosen[left:] where ranks[at:] <= threshold else chosen[right:]``, on ``LANES`` bytes.

    ``ranks`` and ``chosen`` are contiguous uint8, ``threshold`` is uint8; places are int64, in elements of the data.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = ir.VectorType(BYTE, LANES)
        kinds = signature.args
        place = _Places(context, builder, lanes)
        rank = builder.load(place(kinds[0], arguments[0], arguments[1]), align=1)
        one = builder.insert_element(ir.Constant(lanes, ir.Undefined), arguments[2], ir.Constant(INDEX, 0))
        same = builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(INDEX, LANES), [0] * LANES))
        sides = [builder.load(place(kinds[3], arguments[3], arguments[k]), align=1) for k in (4, 5)]
        pick = builder.select(builder.icmp_unsigned("<=", rank, same), *sides)
        builder.store(pick, place(kinds[3], arguments[3], arguments[6]), align=1)
        return context.get_dummy_value()

    return types.void(ranks, at, threshold, chosen, left, right, to), generate


@intrinsic
def add_four(typing_context, sums, to, terms, at) -> tuple[Any, Any]:  # type: ignore[no-untyped-def]
    """``sums[to : to + 4] += terms[at : at + 4]``, of contiguous float64 and float32; places as above."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        double, single = ir.VectorType(ir.DoubleType(), FOUR), ir.VectorType(ir.FloatType(), FOUR)
        kinds = signature.args
        place = _Places(context, builder, double)(kinds[0], arguments[0], arguments[1])
        term = builder.load(_Places(context, builder, single)(kinds[2], arguments[2], arguments[3]), align=4)
        total = builder.fadd(builder.load(place, align=8), builder.fpext(term, double))
        builder.store(total, place, align=8)
        return context.get_dummy_value()

    return types.void(sums, to, terms, at), generate


class _Places:
    """Addresses of vectors within the data of arrays."""

    def __init__(self, context: Any, builder: Any, vector: ir.VectorType) -> None:
        self._context, self._builder, self._vector = context, builder, vector

    def __call__(self, kind: Any, array: Any, at: Any) -> Any:
        data = self._context.make_array(kind)(self._context, self._builder, array).data
        return self._builder.bitcast(self._builder.gep(data, [at]), self._vector.as_pointer())
