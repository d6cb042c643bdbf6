"""Eight 32-bit floats at once, in compiled code: a node of a subspace's table is one load and one multiply-add.

LLVM does not find these vectors by itself: the loop over a node's eight columns is unrolled before its vectoriser sees
it. No index is checked.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

LANES: Final = 8

Generated = tuple[Any, Callable[..., Any]]


class Lanes(types.Type):
    """The type of eight 32-bit floats."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


LANES_TYPE: Final = Lanes()
VECTOR: Final = ir.VectorType(ir.FloatType(), LANES)
FUSED: Final = ("contract",)
STRUCT: Any = cgutils.create_struct_proxy
compiled: Any = intrinsic
"""Lanes have no Python type: what is compiled here is typed by numba alone."""


@register_model(Lanes)
class LanesModel(models.PrimitiveModel):
    """Kept in one vector register."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


def _loaded(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    data = STRUCT(array_type)(context, builder, array).data
    return builder.load(builder.bitcast(builder.gep(data, [at]), VECTOR.as_pointer()), align=4)


def _sum(builder: Any, total: Any, weight: Any, lanes: Any) -> Any:
    one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), weight, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    eight = builder.shuffle_vector(one, ir.Constant(VECTOR, ir.Undefined), zeros)
    return builder.fadd(total, builder.fmul(lanes, eight, flags=FUSED), flags=FUSED)


@compiled
def nothing(context: Any) -> Generated:
    """Eight zeros."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(VECTOR, [0.0] * LANES)

    return LANES_TYPE(), generate


@compiled
def read(context: Any, total: Any, weight: Any, table: Any, at: Any) -> Generated:
    """``total + weight table[at : at + 8]``, of a contiguous float32 array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, weight, table, at = arguments
        return _sum(builder, total, weight, _loaded(context, builder, signature.args[2], table, at))

    return LANES_TYPE(LANES_TYPE, types.float32, table, types.intp), generate


@compiled
def joined(context: Any, total: Any, weight: Any, lanes: Any) -> Generated:
    """``total + weight lanes``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _sum(builder, *arguments)

    return LANES_TYPE(LANES_TYPE, types.float32, LANES_TYPE), generate


@compiled
def inner(context: Any, lanes: Any, table: Any, at: Any) -> Generated:
    """The inner product with ``table[at : at + 8]``, of a contiguous float32 array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes, table, at = arguments
        products = builder.fmul(lanes, _loaded(context, builder, signature.args[1], table, at))
        summed = ir.FunctionType(ir.FloatType(), [ir.FloatType(), VECTOR])
        reduce = cgutils.get_or_insert_function(builder.module, summed, f"llvm.vector.reduce.fadd.v{LANES}f32")
        return builder.call(reduce, [ir.Constant(ir.FloatType(), 0.0), products], fastmath=("reassoc",))

    return types.float32(LANES_TYPE, table, types.intp), generate


@compiled
def first(context: Any, lanes: Any) -> Generated:
    """The first of the eight."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.extract_element(arguments[0], ir.Constant(ir.IntType(32), 0))

    return types.float32(LANES_TYPE), generate


@compiled
def write(context: Any, lanes: Any, table: Any, at: Any) -> Generated:
    """Write the eight to ``table[at : at + 8]``, of a contiguous float32 array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes, table, at = arguments
        data = STRUCT(signature.args[1])(context, builder, table).data
        builder.store(lanes, builder.bitcast(builder.gep(data, [at]), VECTOR.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(LANES_TYPE, table, types.intp), generate
