; The call of a kernel from Python: what a C extension would do, in LLVM's language. The files of this directory are one module:
;
;   types     what the others share: the structures and the functions of the interpreter
;   call      a callable was called: run the first of its signatures that the arguments match, or else call Python
;   attempt   match the arguments of a call with one signature, and run its kernel
;   match     match one argument with one node of the structure of a signature, and note where its numbers are
;   run       allocate the results and the workspace, run the kernel, and build what it returns
;   large     the memory of large results, which is kept for the next ones
;   build     put the results in their containers
;
; $head is the number of bytes before the type in the header of an object, $fields the offset of the native fields of our own.
; Results of $large bytes or more are large, and blocks of up to $largest bytes are kept.

%Object = type { [$head x i8], ptr }                              ; …, type
%Array = type { %Object, ptr, i32, ptr, ptr, ptr, ptr, i32 }      ; data, dimensions, shape, strides, base, dtype, flags
%Dtype = type { %Object, ptr, i8, i8, i8, i8, i32 }               ; scalar type, kind, character, byte order, …, number
%Fields = type { ptr, ptr }                                       ; vectorcall, data

; The same as the ctypes structures in layout.py.
%Leaf = type { ptr, ptr, ptr, ptr, i32, i32, i32, i32, i64 }      ; dtype, scalar type, Python type, shape, dimensions, number, order, kind, bytes
%Node = type { i64, i64, ptr }                                    ; kind, count, data
%Kernel = type { ptr, i64, i64, ptr, i64, ptr, ptr, i32 }         ; code, inputs, outputs, leaves, workspace, kept, fail, releases the GIL
%Signature = type { ptr, i64, i64, ptr, ptr, ptr, i64, ptr }      ; kernel, arguments, names, their tuple, nodes, result, bound, addresses
%Callable = type { ptr, ptr }                                     ; tuple of signatures, what is called where none matches

%Matching = type { ptr, i64, ptr, ptr, i64, ptr }                 ; node, inputs, their addresses, scalars, held, objects
%Building = type { ptr, i64, ptr }                                ; node, results taken, results

@PyArray_Type = external global i8
@PyDataMem_DefaultHandler = external global ptr
@unmatched = internal global i8 0

declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyErr_Occurred()
declare void @PyErr_Clear()
declare ptr @PyErr_NoMemory()
declare void @PyErr_Fetch(ptr, ptr, ptr)
declare void @PyErr_Restore(ptr, ptr, ptr)
declare ptr @PyCapsule_New(ptr, ptr, ptr)
declare ptr @PyCapsule_GetPointer(ptr, ptr)
declare ptr @PyDataMem_GetHandler()
declare ptr @PyDataMem_SetHandler(ptr)
declare ptr @PyMem_RawMalloc(i64)
declare void @PyMem_RawFree(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare double @PyFloat_AsDouble(ptr)
declare double @PyComplex_RealAsDouble(ptr)
declare double @PyComplex_ImagAsDouble(ptr)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare i32 @PyObject_IsTrue(ptr)
declare i32 @PyObject_RichCompareBool(ptr, ptr, i32)
declare i64 @PyTuple_Size(ptr)
declare ptr @PyTuple_GetItem(ptr, i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare ptr @PyTuple_New(i64)
declare i64 @PyList_Size(ptr)
declare ptr @PyList_GetItem(ptr, i64)
declare i32 @PyList_SetItem(ptr, i64, ptr)
declare ptr @PyList_New(i64)
declare i64 @PyDict_Size(ptr)
declare ptr @PyDict_GetItemWithError(ptr, ptr)
declare i32 @PyDict_SetItem(ptr, ptr, ptr)
declare ptr @PyDict_New()
declare ptr @PyLong_FromLongLong(i64)
declare ptr @PyLong_FromVoidPtr(ptr)
declare ptr @PyBytes_FromStringAndSize(ptr, i64)
declare ptr @PyObject_Call(ptr, ptr, ptr)
declare ptr @PyObject_CallOneArg(ptr, ptr)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare ptr @PyArray_NewCopy(ptr, i32)
declare ptr @PyArray_NewFromDescr(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
declare void @PyArray_ScalarAsCtype(ptr, ptr)
@PyTuple_Type = external global i8
@PyList_Type = external global i8
@PyDict_Type = external global i8

define internal ptr @type_of(ptr %object) alwaysinline {
  %slot = getelementptr %Object, ptr %object, i32 0, i32 1
  %type = load ptr, ptr %slot
  ret ptr %type
}

define internal ptr @data_of(ptr %object) alwaysinline {
  %fields = getelementptr i8, ptr %object, i64 $fields
  %slot = getelementptr %Fields, ptr %fields, i32 0, i32 1
  %data = load ptr, ptr %slot
  ret ptr %data
}
