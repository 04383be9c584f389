"""What debuggers and profilers of the system are told: the lines of the user's Python, at the addresses of machine code."""

import json
import os
import subprocess
import sys
from itertools import pairwise

import pytest

from lineara.backends.native.addresses import ObjectFile
from lineara.backends.native.compile import object_code

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="perf is part of Linux")
PROGRAM = """
import json, os, sys
import numpy as np
import lineara
from lineara.backends.native import compile, debug

codes = []
make = compile.object_code
compile.object_code = lambda *args: codes.append(make(*args)) or codes[-1]

def model(x):
    y = np.sin(x)
    z = np.exp(y) * 2.0
    return np.sum(z * y)

x = np.linspace(0.0, 1.0, 100)
value, gradient = lineara.jit(lineara.value_and_grad(model))(x)
kernel = next(c for c in codes if b"kernel" in c)
assert debug.is_on() == (os.environ["LINEARA_DEBUG"] == "1")
path = f"/tmp/perf-{os.getpid()}.map"
lines = open(path).read().splitlines() if os.path.exists(path) else []
if lines:
    os.unlink(path)
json.dump([float(value).hex(), gradient.tobytes().hex(), b".debug_line" in kernel, lines], sys.stdout)
"""

MODULE = """
define i64 @one(i64 %x) !dbg !10 {
  %y = mul i64 %x, %x, !dbg !11
  %z = sdiv i64 %y, 7, !dbg !12
  ret i64 %z, !dbg !12
}
define i64 @other(i64 %x) !dbg !20 {
  %y = sdiv i64 %x, 3, !dbg !21
  ret i64 %y, !dbg !21
}
define i64 @unknown(i64 %x) {
  ret i64 %x
}
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2, !3}
!0 = distinct !DICompileUnit(language: DW_LANG_Python, file: !1, emissionKind: LineTablesOnly)
!1 = !DIFile(filename: "model.py", directory: "/home")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = !{i32 2, !"Dwarf Version", i32 4}
!4 = !DISubroutineType(types: !{})
!10 = distinct !DISubprogram(name: "one", file: !1, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!11 = !DILocation(line: 12, scope: !10)
!12 = !DILocation(line: 3000, scope: !10)
!20 = distinct !DISubprogram(name: "other", file: !1, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!21 = !DILocation(line: 5, scope: !20)
"""


def run(tmp_path, debug):
    path = tmp_path / "model.py"
    path.write_text(PROGRAM)
    environment = os.environ | {"LINEARA_CACHE_DIR": "", "LINEARA_DEBUG": debug}
    done = subprocess.run(
        [sys.executable, str(path)], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def lines_of(names):
    return {name.rpartition(":")[2] for name in names if "model.py:" in name}


@LINUX
def test_a_kernel_says_where_it_comes_from(tmp_path):
    value, gradient, has_lines, entries = run(tmp_path, "1")
    assert has_lines
    found = [entry.split(" ", 2) for entry in entries]
    model = [name for _, _, name in found if name.startswith("lineara model")]
    first = PROGRAM.splitlines().index("    y = np.sin(x)") + 1
    assert lines_of(model) >= {str(first), str(first + 1), str(first + 2)}
    spans = sorted((int(start, 16), int(size, 16)) for start, size, _ in found)
    assert all(size > 0 for _, size in spans)
    assert all(a + size <= b for (a, size), (b, _) in pairwise(spans))
    assert run(tmp_path, "")[:2] == [value, gradient]


def test_it_costs_nothing_when_it_is_off(tmp_path):
    for off in ("", "0"):
        _, _, has_lines, entries = run(tmp_path, off)
        assert not has_lines
        assert not entries


@LINUX
def test_the_line_table_of_object_code():
    found = ObjectFile(object_code(MODULE, 0))
    stretches = list(found.stretches())
    lines = {name: [s.line for s in stretches if s.function == name] for name in ("one", "other")}
    assert list(dict.fromkeys(lines["one"])) == [0, 12, 3000]
    assert set(lines["other"]) == {0, 5}
    assert {s.file for s in stretches if s.line} == {"model.py"}
    for name in ("one", "other", "unknown"):
        symbol = found.symbol(name)
        inside = [s for s in stretches if s.function == name]
        assert inside[0].start == symbol.value
        assert inside[-1].stop == symbol.value + symbol.size
        assert all(a.stop == b.start for a, b in pairwise(inside))


def test_what_is_no_elf_file_is_refused():
    with pytest.raises(ValueError, match="no ELF file"):
        ObjectFile(b"MZ" + bytes(100))
