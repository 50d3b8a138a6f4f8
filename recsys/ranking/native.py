"""Trees answered by native code of this host: the only importer of llvmlite.

The code is one loop for all trees (``recsys.ranking.kernel``), made once in each process, in
hundredths of a second; a bundle ships text, and native code neither ships nor stays on a disk.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.ranking import kernel, trees

Score = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float64]]


@cache
def _forest() -> tuple[Callable[..., None], Any]:
    """The loop, callable, and what must live as long as it."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=2,
        reloc="pic",
        codemodel="default",
    )
    code = bytes(target.emit_object(llvm.parse_assembly(kernel.assembly())))
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    kind = ctypes.CFUNCTYPE(
        None, pointer, number, number, pointer, pointer, pointer, pointer, pointer, number, pointer
    )
    return kind(engine.get_function_address(kernel.FOREST)), engine


def of_text(text: str) -> Score:
    """Scores by LightGBM's text model, equal to LightGBM's to the last bit.

    Parameters
    ----------
    text : str
        The model.

    Returns
    -------
    callable
        Rows, float32 of shape (n, width) → scores, float64 of shape (n,); ValueError for rows of
        another width.

    Raises
    ------
    NotCompiled
        When the model has something that is not translated.
    """
    width, grown = trees.read(text)
    return load(trees.pack(grown), width)


def load(packed: trees.Packed, width: int) -> Score:
    """Make packed trees callable, for rows of ``width`` columns; as ``of_text``."""
    run, _ = _forest()
    tables = [table.ctypes.data for table in (packed.feature, packed.bound, packed.keeps)]
    words, many = packed.words.ctypes.data, len(packed.words)

    def score(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        if rows.ndim != 2 or rows.shape[1] != width:
            raise ValueError(f"expected rows of {width} columns, got shape {rows.shape}")
        blocks = -(-len(rows) // kernel.BLOCK)
        stride = blocks * kernel.BLOCK
        columns = np.zeros((width, stride), dtype=np.float32)
        columns[:, : len(rows)] = rows.T
        scores = np.zeros(stride)
        run(
            columns.ctypes.data, stride, blocks, scores.ctypes.data, *tables,
            words, many, packed.leaves.ctypes.data,
        )  # fmt: skip
        return scores[: len(rows)]

    return score
