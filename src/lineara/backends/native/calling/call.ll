; A callable was called.

define ptr @call(ptr %self, ptr %args, i64 %flagged, ptr %names) {
entry:
  %count = and i64 %flagged, 9223372036854775807
  %callable = call ptr @data_of(ptr %self)
  %signatures = load ptr, ptr %callable
  %known = call i64 @PyTuple_Size(ptr %signatures)
  call void @Py_IncRef(ptr %signatures)
  br label %next
next:
  %i = phi i64 [ 0, %entry ], [ %i1, %try ]
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i, %known
  br i1 %more, label %try, label %miss
try:
  %signature = call ptr @PyTuple_GetItem(ptr %signatures, i64 %i)
  %result = call ptr @attempt(ptr %signature, ptr %args, i64 %count, ptr %names)
  %no = icmp eq ptr %result, @unmatched
  br i1 %no, label %next, label %done
done:
  call void @Py_DecRef(ptr %signatures)
  ret ptr %result
miss:
  call void @Py_DecRef(ptr %signatures)
  %other = getelementptr %Callable, ptr %callable, i32 0, i32 1
  %python = load ptr, ptr %other
  call void @Py_IncRef(ptr %python)
  %given = call ptr @PyObject_Vectorcall(ptr %python, ptr %args, i64 %count, ptr %names)
  call void @Py_DecRef(ptr %python)
  ret ptr %given
}

define internal ptr @attempt(ptr %object, ptr %args, i64 %count, ptr %names) noinline {
entry:
  %signature = call ptr @data_of(ptr %object)
  %kernel = load ptr, ptr %signature
  %positional.at = getelementptr %Signature, ptr %signature, i32 0, i32 1
  %positional = load i64, ptr %positional.at
  %same.count = icmp eq i64 %positional, %count
  br i1 %same.count, label %check.names, label %unlike
check.names:
  %named.at = getelementptr %Signature, ptr %signature, i32 0, i32 2
  %named = load i64, ptr %named.at
  %wanted.at = getelementptr %Signature, ptr %signature, i32 0, i32 3
  %wanted = load ptr, ptr %wanted.at
  %given = call i64 @length(ptr %names)
  %same.named = icmp eq i64 %given, %named
  br i1 %same.named, label %prepare, label %unlike
unlike:
  ret ptr @unmatched
prepare:
  %inputs.at = getelementptr %Kernel, ptr %kernel, i32 0, i32 1
  %inputs = load i64, ptr %inputs.at
  %matching = alloca %Matching
  %addresses = alloca ptr, i64 %inputs, align 16
  %scalars = alloca [2 x i64], i64 %inputs, align 16
  %held = alloca ptr, i64 %inputs, align 16
  %nodes.at = getelementptr %Signature, ptr %signature, i32 0, i32 4
  %nodes = load ptr, ptr %nodes.at
  store ptr %nodes, ptr %matching
  %m.inputs = getelementptr %Matching, ptr %matching, i32 0, i32 1
  store i64 0, ptr %m.inputs
  %m.addresses = getelementptr %Matching, ptr %matching, i32 0, i32 2
  store ptr %addresses, ptr %m.addresses
  %m.scalars = getelementptr %Matching, ptr %matching, i32 0, i32 3
  store ptr %scalars, ptr %m.scalars
  %m.held = getelementptr %Matching, ptr %matching, i32 0, i32 4
  store i64 0, ptr %m.held
  %m.objects = getelementptr %Matching, ptr %matching, i32 0, i32 5
  store ptr %held, ptr %m.objects
  %total = add i64 %count, %named
  call void @Py_IncRef(ptr %object)
  br label %next
next:
  %i = phi i64 [ 0, %prepare ], [ %i1, %one ]
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i, %total
  br i1 %more, label %find, label %bind
find:
  %place = call i64 @place(ptr %names, ptr %wanted, i64 %count, i64 %i)
  %found = icmp sge i64 %place, 0
  br i1 %found, label %one, label %release
one:
  %arg.at = getelementptr ptr, ptr %args, i64 %place
  %arg = load ptr, ptr %arg.at
  %like = call i1 @match(ptr %arg, ptr %matching)
  br i1 %like, label %next, label %release
bind:
  %bound.at = getelementptr %Signature, ptr %signature, i32 0, i32 6
  %bound = load i64, ptr %bound.at
  %bound.addresses.at = getelementptr %Signature, ptr %signature, i32 0, i32 7
  %bound.addresses = load ptr, ptr %bound.addresses.at
  %taken = load i64, ptr %m.inputs
  %rest = getelementptr ptr, ptr %addresses, i64 %taken
  %bytes = mul i64 %bound, 8
  call void @llvm.memcpy.p0.p0.i64(ptr %rest, ptr %bound.addresses, i64 %bytes, i1 false)
  %returned = call ptr @run(ptr %signature, ptr %kernel, ptr %addresses)
  br label %release
release:
  %result = phi ptr [ @unmatched, %find ], [ @unmatched, %one ], [ %returned, %bind ]
  %objects = load i64, ptr %m.held
  br label %drop.next
drop.next:
  %j = phi i64 [ 0, %release ], [ %j1, %drop ]
  %j1 = add i64 %j, 1
  %left = icmp slt i64 %j, %objects
  br i1 %left, label %drop, label %end
drop:
  %held.at = getelementptr ptr, ptr %held, i64 %j
  %array = load ptr, ptr %held.at
  call void @Py_DecRef(ptr %array)
  br label %drop.next
end:
  call void @Py_DecRef(ptr %object)
  ret ptr %result
}

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define internal i64 @length(ptr %names) alwaysinline {
  %none = icmp eq ptr %names, null
  br i1 %none, label %no, label %some
some:
  %count = call i64 @PyTuple_Size(ptr %names)
  ret i64 %count
no:
  ret i64 0
}

; Where an argument stands in a call, or −1: those by name in any order. Names are interned: they are the same if they are one object.
define internal i64 @place(ptr %names, ptr %wanted, i64 %count, i64 %i) alwaysinline {
entry:
  %number = sub i64 %i, %count
  %positional = icmp slt i64 %number, 0
  br i1 %positional, label %itself, label %named
itself:
  ret i64 %i
named:
  %name = call ptr @PyTuple_GetItem(ptr %wanted, i64 %number)
  %given = call i64 @PyTuple_Size(ptr %names)
  br label %next
next:
  %j = phi i64 [ 0, %named ], [ %j1, %one ]
  %j1 = add i64 %j, 1
  %more = icmp slt i64 %j, %given
  br i1 %more, label %one, label %no
one:
  %other = call ptr @PyTuple_GetItem(ptr %names, i64 %j)
  %same = icmp eq ptr %other, %name
  br i1 %same, label %yes, label %next
yes:
  %place = add i64 %count, %j
  ret i64 %place
no:
  ret i64 -1
}
