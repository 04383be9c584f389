; Match one argument with the structure of a signature.

define internal i1 @match(ptr %object, ptr %matching) {
  %node = load ptr, ptr %matching
  %following = getelementptr %Node, ptr %node, i64 1
  store ptr %following, ptr %matching
  %kind = load i64, ptr %node
  %count.at = getelementptr %Node, ptr %node, i32 0, i32 1
  %count = load i64, ptr %count.at
  %data.at = getelementptr %Node, ptr %node, i32 0, i32 2
  %data = load ptr, ptr %data.at
  %type = call ptr @type_of(ptr %object)
  switch i64 %kind, label %no [
    i64 0, label %array
    i64 1, label %tuple
    i64 2, label %list
    i64 3, label %dict
    i64 4, label %static
  ]
array:
  %is.array = call i1 @match_leaf(ptr %object, ptr %type, ptr %data, ptr %matching)
  ret i1 %is.array
tuple:
  %is.tuple = icmp eq ptr %type, @PyTuple_Type
  br i1 %is.tuple, label %tuple.size, label %no
tuple.size:
  %tuple.count = call i64 @PyTuple_Size(ptr %object)
  %tuple.same = icmp eq i64 %tuple.count, %count
  br i1 %tuple.same, label %tuple.next, label %no
tuple.next:
  %t = phi i64 [ 0, %tuple.size ], [ %t1, %tuple.item ]
  %t1 = add i64 %t, 1
  %tuple.more = icmp slt i64 %t, %count
  br i1 %tuple.more, label %tuple.item, label %yes
tuple.item:
  %tuple.element = call ptr @PyTuple_GetItem(ptr %object, i64 %t)
  %tuple.like = call i1 @match(ptr %tuple.element, ptr %matching)
  br i1 %tuple.like, label %tuple.next, label %no
list:
  %is.list = icmp eq ptr %type, @PyList_Type
  br i1 %is.list, label %list.next, label %no
list.next:
  %l = phi i64 [ 0, %list ], [ %l1, %list.item ]
  %l1 = add i64 %l, 1
  %list.count = call i64 @PyList_Size(ptr %object)
  %list.same = icmp eq i64 %list.count, %count
  br i1 %list.same, label %list.here, label %no
list.here:
  %list.more = icmp slt i64 %l, %count
  br i1 %list.more, label %list.item, label %yes
list.item:
  %list.element = call ptr @PyList_GetItem(ptr %object, i64 %l)
  %list.like = call i1 @match(ptr %list.element, ptr %matching)
  br i1 %list.like, label %list.next, label %no
dict:
  %is.dict = icmp eq ptr %type, @PyDict_Type
  br i1 %is.dict, label %dict.next, label %no
dict.next:
  %d = phi i64 [ 0, %dict ], [ %d1, %dict.found ]
  %d1 = add i64 %d, 1
  %dict.count = call i64 @PyDict_Size(ptr %object)
  %dict.same = icmp eq i64 %dict.count, %count
  br i1 %dict.same, label %dict.here, label %no
dict.here:
  %dict.more = icmp slt i64 %d, %count
  br i1 %dict.more, label %dict.item, label %yes
dict.item:
  %key.at = getelementptr ptr, ptr %data, i64 %d
  %key = load ptr, ptr %key.at
  %dict.element = call ptr @PyDict_GetItemWithError(ptr %object, ptr %key)
  %absent = icmp eq ptr %dict.element, null
  br i1 %absent, label %clear, label %dict.found
dict.found:
  %dict.like = call i1 @match(ptr %dict.element, ptr %matching)
  br i1 %dict.like, label %dict.next, label %no
static:
  %identical = icmp eq ptr %object, %data
  br i1 %identical, label %yes, label %static.type
static.type:
  %data.type = call ptr @type_of(ptr %data)
  %static.same = icmp eq ptr %type, %data.type
  br i1 %static.same, label %compare, label %no
compare:
  call void @Py_IncRef(ptr %object)
  %equal = call i32 @PyObject_RichCompareBool(ptr %object, ptr %data, i32 2)
  call void @Py_DecRef(ptr %object)
  %is.equal = icmp eq i32 %equal, 1
  br i1 %is.equal, label %yes, label %clear
clear:
  call void @PyErr_Clear()
  br label %no
yes:
  ret i1 true
no:
  ret i1 false
}

; An array is read where it is, or copied if its memory is of another order; a scalar is written where the kernel may read it.
define internal i1 @match_leaf(ptr %object, ptr %type, ptr %leaf, ptr %matching) {
  %index.at = getelementptr %Matching, ptr %matching, i32 0, i32 1
  %index = load i64, ptr %index.at
  %addresses.at = getelementptr %Matching, ptr %matching, i32 0, i32 2
  %addresses = load ptr, ptr %addresses.at
  %address.at = getelementptr ptr, ptr %addresses, i64 %index
  %is.array = icmp eq ptr %type, @PyArray_Type
  br i1 %is.array, label %array, label %scalar
array:
  %fits = call i1 @match_array(ptr %object, ptr %leaf)
  br i1 %fits, label %behaved, label %no
behaved:                                                          ; in C order, 1, and aligned, 256; else a copy is
  %flags.at = getelementptr %Array, ptr %object, i32 0, i32 7
  %flags = load i32, ptr %flags.at
  %both = and i32 %flags, 257
  %as.it.is = icmp eq i32 %both, 257
  br i1 %as.it.is, label %own, label %copy
own:
  call void @Py_IncRef(ptr %object)
  br label %hold
copy:
  %copied = call ptr @PyArray_NewCopy(ptr %object, i32 0)
  %uncopied = icmp eq ptr %copied, null
  br i1 %uncopied, label %memory, label %hold
memory:
  call void @PyErr_Clear()
  br label %no
hold:
  %array.held = phi ptr [ %object, %own ], [ %copied, %copy ]
  %data.at = getelementptr %Array, ptr %array.held, i32 0, i32 1
  %data = load ptr, ptr %data.at
  store ptr %data, ptr %address.at
  %held.at = getelementptr %Matching, ptr %matching, i32 0, i32 4
  %held = load i64, ptr %held.at
  %objects.at = getelementptr %Matching, ptr %matching, i32 0, i32 5
  %objects = load ptr, ptr %objects.at
  %object.at = getelementptr ptr, ptr %objects, i64 %held
  store ptr %array.held, ptr %object.at
  %held1 = add i64 %held, 1
  store i64 %held1, ptr %held.at
  br label %yes
scalar:
  %dimensions.at = getelementptr %Leaf, ptr %leaf, i32 0, i32 4
  %dimensions = load i32, ptr %dimensions.at
  %is.scalar = icmp eq i32 %dimensions, 0
  br i1 %is.scalar, label %write, label %no
write:
  %scalars.at = getelementptr %Matching, ptr %matching, i32 0, i32 3
  %scalars = load ptr, ptr %scalars.at
  %scalar.at = getelementptr [2 x i64], ptr %scalars, i64 %index
  store ptr %scalar.at, ptr %address.at
  %written = call i1 @write_scalar(ptr %object, ptr %type, ptr %leaf, ptr %scalar.at)
  br i1 %written, label %yes, label %no
yes:
  %index1 = add i64 %index, 1
  store i64 %index1, ptr %index.at
  ret i1 true
no:
  ret i1 false
}

define internal i1 @match_array(ptr %array, ptr %leaf) {
entry:
  %dtype.at = getelementptr %Array, ptr %array, i32 0, i32 6
  %dtype = load ptr, ptr %dtype.at
  %wanted = load ptr, ptr %leaf
  %same = icmp eq ptr %dtype, %wanted
  br i1 %same, label %rank, label %number
number:
  %number.at = getelementptr %Dtype, ptr %dtype, i32 0, i32 6
  %number.given = load i32, ptr %number.at
  %number.wanted.at = getelementptr %Leaf, ptr %leaf, i32 0, i32 5
  %number.wanted = load i32, ptr %number.wanted.at
  %number.same = icmp eq i32 %number.given, %number.wanted
  br i1 %number.same, label %order, label %no
order:
  %order.at = getelementptr %Dtype, ptr %dtype, i32 0, i32 4
  %order.byte = load i8, ptr %order.at
  %order.given = zext i8 %order.byte to i32
  %order.wanted.at = getelementptr %Leaf, ptr %leaf, i32 0, i32 6
  %order.wanted = load i32, ptr %order.wanted.at
  %order.same = icmp eq i32 %order.given, %order.wanted
  br i1 %order.same, label %rank, label %no
rank:
  %rank.at = getelementptr %Array, ptr %array, i32 0, i32 2
  %rank.given = load i32, ptr %rank.at
  %rank.wanted.at = getelementptr %Leaf, ptr %leaf, i32 0, i32 4
  %rank.wanted = load i32, ptr %rank.wanted.at
  %rank.same = icmp eq i32 %rank.given, %rank.wanted
  br i1 %rank.same, label %shape, label %no
shape:
  %shape.at = getelementptr %Array, ptr %array, i32 0, i32 3
  %shape.given = load ptr, ptr %shape.at
  %shape.wanted.at = getelementptr %Leaf, ptr %leaf, i32 0, i32 3
  %shape.wanted = load ptr, ptr %shape.wanted.at
  %rank64 = zext i32 %rank.given to i64
  br label %next
next:
  %i = phi i64 [ 0, %shape ], [ %i1, %axis ]
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i, %rank64
  br i1 %more, label %axis, label %yes
axis:
  %x.at = getelementptr i64, ptr %shape.given, i64 %i
  %x = load i64, ptr %x.at
  %y.at = getelementptr i64, ptr %shape.wanted, i64 %i
  %y = load i64, ptr %y.at
  %axis.same = icmp eq i64 %x, %y
  br i1 %axis.same, label %next, label %no
yes:
  ret i1 true
no:
  ret i1 false
}

define internal i1 @write_scalar(ptr %object, ptr %type, ptr %leaf, ptr %to) {
  %python.at = getelementptr %Leaf, ptr %leaf, i32 0, i32 2
  %python = load ptr, ptr %python.at
  %is.python = icmp eq ptr %type, %python
  br i1 %is.python, label %builtin, label %numpy
numpy:
  %numpy.at = getelementptr %Leaf, ptr %leaf, i32 0, i32 1
  %numpy.type = load ptr, ptr %numpy.at
  %is.numpy = icmp eq ptr %type, %numpy.type
  br i1 %is.numpy, label %copy, label %no
copy:
  call void @PyArray_ScalarAsCtype(ptr %object, ptr %to)
  ret i1 true
builtin:
  %kind.at = getelementptr %Leaf, ptr %leaf, i32 0, i32 7
  %kind = load i32, ptr %kind.at
  switch i32 %kind, label %no [
    i32 1, label %float
    i32 2, label %int
    i32 3, label %bool
    i32 4, label %complex
  ]
float:
  %float.value = call double @PyFloat_AsDouble(ptr %object)
  store double %float.value, ptr %to
  ret i1 true
int:
  %overflow.at = alloca i32
  %int.value = call i64 @PyLong_AsLongLongAndOverflow(ptr %object, ptr %overflow.at)
  store i64 %int.value, ptr %to
  %overflow = load i32, ptr %overflow.at
  %int.fits = icmp eq i32 %overflow, 0
  ret i1 %int.fits
bool:
  %bool.value = call i32 @PyObject_IsTrue(ptr %object)
  %byte = trunc i32 %bool.value to i8
  store i8 %byte, ptr %to
  ret i1 true
complex:
  %real = call double @PyComplex_RealAsDouble(ptr %object)
  store double %real, ptr %to
  %imaginary = call double @PyComplex_ImagAsDouble(ptr %object)
  %imaginary.at = getelementptr double, ptr %to, i64 1
  store double %imaginary, ptr %imaginary.at
  ret i1 true
no:
  ret i1 false
}
