"""Native code for the trees of a ranker: the only importer of llvmlite.

Compiled on the machine that serves, never shipped: a bundle holds text, and what is made of it here
is kept in a folder of this host. ``python -m recsys.ranking.native MODEL OBJECT`` compiles in a
process of its own, so that the one that answers loses no time.
"""

import ctypes
import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.ranking import trees

Score = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float64]]


@cache
def _llvm() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def _target() -> Any:
    llvm = _llvm()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=1,
        reloc="pic",
        codemodel="default",
    )


def fingerprint(text: str) -> str:
    """Name of the native code of a model on this kind of processor."""
    llvm = _llvm()
    parts = (
        Path(trees.__file__).read_text(),
        str(llvm.llvm_version_info),
        llvm.get_default_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        text,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def compiled(text: str) -> bytes:
    """Object code of LightGBM's text model; some seconds for hundreds of trees.

    Raises
    ------
    NotCompiled
        When the model has something that is not translated.
    """
    return object_code(trees.assembly(*trees.read(text)))


def object_code(assembly: str) -> bytes:
    """Object code of LLVM assembly, for this processor."""
    return bytes(_target().emit_object(_llvm().parse_assembly(assembly)))


def load(code: bytes, width: int) -> Score:
    """Make object code callable.

    Parameters
    ----------
    code : bytes
        Of ``compiled``, on this host.
    width : int
        Columns of a row.

    Returns
    -------
    callable
        Rows, float32 of shape (n, width) → scores, float64 of shape (n,).
    """
    llvm = _llvm()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
    run = kind(engine.get_function_address(trees.FOREST))

    def score(rows: npt.NDArray[np.float32], engine: Any = engine) -> npt.NDArray[np.float64]:
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        if rows.ndim != 2 or rows.shape[1] != width:
            raise ValueError(f"expected rows of {width} columns, got shape {rows.shape}")
        scores = np.zeros(len(rows))
        run(rows.ctypes.data, len(rows), scores.ctypes.data)
        return scores

    return score


if __name__ == "__main__":
    os.nice(10)
    made = compiled(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_bytes(made)
