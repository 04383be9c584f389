"""Small kernels, written by hand, for tests of how kernels are called."""

import pytest
from llvmlite import ir

from lineara.backends.native.compile import load, object_code
from lineara.backends.native.entry import entry_point
from lineara.backends.native.executable import Executable
from lineara.backends.native.interrupt import interrupted

TEXT = """
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
@callbacks = global [4 x ptr] zeroinitializer

; x -> x, of so many bytes
define i32 @copy_8(ptr %inputs, ptr %outputs, ptr %workspace) {
  %r = call i32 @copy(ptr %inputs, ptr %outputs, i64 8)
  ret i32 %r
}
define i32 @copy_1(ptr %inputs, ptr %outputs, ptr %workspace) {
  %r = call i32 @copy(ptr %inputs, ptr %outputs, i64 1)
  ret i32 %r
}
define i32 @copy_2(ptr %inputs, ptr %outputs, ptr %workspace) {
  %r = call i32 @copy(ptr %inputs, ptr %outputs, i64 2)
  ret i32 %r
}
define i32 @copy_4(ptr %inputs, ptr %outputs, ptr %workspace) {
  %r = call i32 @copy(ptr %inputs, ptr %outputs, i64 4)
  ret i32 %r
}
define i32 @copy_16(ptr %inputs, ptr %outputs, ptr %workspace) {
  %r = call i32 @copy(ptr %inputs, ptr %outputs, i64 16)
  ret i32 %r
}
define i32 @copy_48(ptr %inputs, ptr %outputs, ptr %workspace) {
  %r = call i32 @copy(ptr %inputs, ptr %outputs, i64 48)
  ret i32 %r
}
define internal i32 @copy(ptr %inputs, ptr %outputs, i64 %bytes) {
  %x = load ptr, ptr %inputs
  %y = load ptr, ptr %outputs
  call void @llvm.memcpy.p0.p0.i64(ptr %y, ptr %x, i64 %bytes, i1 false)
  ret i32 0
}

; x, y -> x + y, x - y
define i32 @both(ptr %inputs, ptr %outputs, ptr %workspace) {
  %x.at = load ptr, ptr %inputs
  %y.slot = getelementptr ptr, ptr %inputs, i64 1
  %y.at = load ptr, ptr %y.slot
  %x = load double, ptr %x.at
  %y = load double, ptr %y.at
  %sum = fadd double %x, %y
  %difference = fsub double %x, %y
  %a.at = load ptr, ptr %outputs
  store double %sum, ptr %a.at
  %b.slot = getelementptr ptr, ptr %outputs, i64 1
  %b.at = load ptr, ptr %b.slot
  store double %difference, ptr %b.at
  ret i32 0
}

; fails with code 2 and four details
define i32 @fails(ptr %inputs, ptr %outputs, ptr %workspace) {
  store [4 x i64] [i64 7, i64 -8, i64 9, i64 10], ptr %workspace
  ret i32 2
}

; spends n trips, writing and reading the workspace; fails with code 1 if another call wrote there
define i32 @busy(ptr %inputs, ptr %outputs, ptr %workspace) {
entry:
  %n.at = load ptr, ptr %inputs
  %n = load i64, ptr %n.at
  br label %trip
trip:
  %i = phi i64 [ 0, %entry ], [ %i1, %trip ]
  %i1 = add i64 %i, 1
  store volatile ptr %inputs, ptr %workspace
  %seen = load volatile ptr, ptr %workspace
  %same = icmp eq ptr %seen, %inputs
  %more = icmp slt i64 %i1, %n
  %on = and i1 %same, %more
  br i1 %on, label %trip, label %end
end:
  %bad = xor i1 %same, true
  %code = zext i1 %bad to i32
  %out = load ptr, ptr %outputs
  %aligned = ptrtoint ptr %workspace to i64
  %rest = and i64 %aligned, 63
  store i64 %rest, ptr %out
  ret i32 %code
}

; runs until a signal comes
define i32 @endless(ptr %inputs, ptr %outputs, ptr %workspace) {
  br label %trip
trip:
  %status = call i32 @question(ptr %workspace)
  %goes = icmp eq i32 %status, 0
  br i1 %goes, label %trip, label %end
end:
  ret i32 %status
}
declare i32 @question(ptr)

; x, ... -> what the first callback gives
define i32 @asks(ptr %inputs, ptr %outputs, ptr %workspace) {
  %function = load ptr, ptr @callbacks
  %status = call i32 %function(ptr %workspace, ptr %inputs, ptr %outputs)
  ret i32 %status
}
"""


def _text():
    module = ir.Module()
    name = interrupted(module).name
    functions = "\n".join(str(module).splitlines()[3:])
    return TEXT.replace("declare i32 @question(ptr)", functions).replace("@question", f'@"{name}"')


NAMES = (
    "copy_1",
    "copy_2",
    "copy_4",
    "copy_8",
    "copy_16",
    "copy_48",
    "both",
    "fails",
    "busy",
    "endless",
    "asks",
)


@pytest.fixture(scope="session")
def library():
    return load(object_code(_text(), 1), (*NAMES, "callbacks"))


@pytest.fixture(scope="session")
def executable(library):
    """Makes an executable of a kernel."""

    def make(name, parameters, results, **options):
        options = {"workspace": 0, "failures": (), "keep": library} | options
        return Executable(library[name], parameters, results, **options)

    return make


@pytest.fixture(scope="session")
def entry(executable):
    """Makes a callable of a kernel."""
    return lambda *args, **options: entry_point(executable(*args, **options))
