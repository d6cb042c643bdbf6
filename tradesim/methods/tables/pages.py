"""Blending of pages in three dimensions, eight numbers at a time, in vector instructions.

LLVM makes no vectors of so short a loop by itself, so that its vector instructions are written out here. Any processor
runs them, in pieces where its own vectors are shorter.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

EIGHT = 8
"""Numbers of a page that are blended at once: a page has a multiple of that many."""

_VECTOR = ir.VectorType(ir.FloatType(), EIGHT)
_CONTRACT = ("contract",)


@intrinsic
def _blend_eight(typing, table, at, n1, n2, u, s, w, pages, i, k):  # type: ignore[no-untyped-def]
    """Write into ``pages[i, k : k + 8]`` the blend of ``table[cell, k : k + 8]`` over the cells around a point.

    ``table pages`` float32[cells, width] and float32[rows, width], contiguous; ``n1 n2`` nodes on the last two axes;
    ``at`` the number of the first cell; ``u s w`` float32 tuples: the weights along each axis.
    """
    floats, whole = types.float32, types.int64
    reach = len(u)
    weights = types.UniTuple(floats, reach)  # type: ignore[no-untyped-call]
    signature = types.void(table, whole, whole, whole, weights, weights, weights, pages, whole, whole)
    return signature, _blend


blend_eight: Any = _blend_eight


def _blend(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    table, at, n1, n2, u, s, w, pages, i, k = args
    load = _loader(context, builder, signature.args[0], table, k)
    rows = [_scaled(builder, weights) for weights in (u, s, w)]
    count = len(rows[0])

    def along(axis: int, cell: Any) -> Any:
        """The blend over the axes from ``axis`` on, from ``cell``."""
        if axis == len(rows):
            return load(cell)
        step = (builder.mul(n1, n2), n2, cell.type(1))[axis]
        total = None
        for j in range(count):
            part = builder.fmul(rows[axis][j], along(axis + 1, cell), flags=_CONTRACT)
            total = part if total is None else builder.fadd(total, part, flags=_CONTRACT)
            cell = builder.add(cell, step)
        return total

    builder.store(along(0, at), _pointer(context, builder, signature.args[7], pages, i, k), align=4)
    return context.get_dummy_value()


def _loader(context: Any, builder: ir.IRBuilder, kind: Any, table: Any, k: Any) -> Callable[[Any], Any]:
    return lambda cell: builder.load(_pointer(context, builder, kind, table, cell, k), align=4)


def _pointer(context: Any, builder: ir.IRBuilder, kind: Any, array: Any, row: Any, column: Any) -> Any:
    """Where ``array[row, column]`` is, as that of eight floats."""
    struct = context.make_array(kind)(context, builder, array)
    width = cgutils.unpack_tuple(builder, struct.shape)[1]  # type: ignore[no-untyped-call]
    at = builder.add(builder.mul(row, width), column)
    return builder.bitcast(builder.gep(struct.data, [at]), _VECTOR.as_pointer())


def _scaled(builder: ir.IRBuilder, weights: Any) -> list[Any]:
    """Each weight in all eight lanes."""
    return [_splat(builder, weight) for weight in cgutils.unpack_tuple(builder, weights)]  # type: ignore[no-untyped-call]


def _splat(builder: ir.IRBuilder, number: Any) -> Any:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(empty, number, ir.IntType(32)(0))
    return builder.shuffle_vector(one, empty, ir.Constant(ir.VectorType(ir.IntType(32), EIGHT), [0] * EIGHT))
