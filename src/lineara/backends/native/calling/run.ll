; Run a kernel on arguments that fit.

define internal ptr @run(ptr %signature, ptr %kernel, ptr %inputs) noinline {
entry:
  %count.at = getelementptr %Kernel, ptr %kernel, i32 0, i32 2
  %count = load i64, ptr %count.at
  %outputs = alloca ptr, i64 %count, align 16
  %results = alloca ptr, i64 %count, align 16
  %building = alloca %Building
  %leaves.at = getelementptr %Kernel, ptr %kernel, i32 0, i32 3
  %leaves = load ptr, ptr %leaves.at
  br label %next
next:
  %i = phi i64 [ 0, %entry ], [ %i1, %made ]
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i, %count
  br i1 %more, label %make, label %prepare
make:
  %leaf = getelementptr %Leaf, ptr %leaves, i64 %i
  %array = call ptr @allocate(ptr %leaf)
  %result.at = getelementptr ptr, ptr %results, i64 %i
  store ptr %array, ptr %result.at
  %unmade = icmp eq ptr %array, null
  br i1 %unmade, label %free, label %made
made:
  %data.at = getelementptr %Array, ptr %array, i32 0, i32 1
  %data = load ptr, ptr %data.at
  %output.at = getelementptr ptr, ptr %outputs, i64 %i
  store ptr %data, ptr %output.at
  br label %next
prepare:
  %workspace = call ptr @take(ptr %kernel)
  %unroomy = icmp eq ptr %workspace, null
  br i1 %unroomy, label %memory, label %start
memory:
  %nothing = call ptr @PyErr_NoMemory()
  br label %free
start:
  %code = load ptr, ptr %kernel
  %releases.at = getelementptr %Kernel, ptr %kernel, i32 0, i32 7
  %releases = load i32, ptr %releases.at
  %keeps = icmp eq i32 %releases, 0
  br i1 %keeps, label %short, label %long
short:
  %short.status = call i32 %code(ptr %inputs, ptr %outputs, ptr %workspace)
  br label %stop
long:
  %thread = call ptr @PyEval_SaveThread()
  %long.status = call i32 %code(ptr %inputs, ptr %outputs, ptr %workspace)
  call void @PyEval_RestoreThread(ptr %thread)
  br label %stop
stop:
  %status = phi i32 [ %short.status, %short ], [ %long.status, %long ]
  %fine = icmp eq i32 %status, 0
  br i1 %fine, label %finish, label %failed
failed:                                                           ; what nothing was raised for is done
  call void @fail(ptr %kernel, i32 %status, ptr %workspace)
  %raised = call ptr @PyErr_Occurred()
  %done = icmp eq ptr %raised, null
  br i1 %done, label %finish, label %raise
raise:
  call void @give(ptr %kernel, ptr %workspace)
  br label %free
finish:
  call void @give(ptr %kernel, ptr %workspace)
  %nodes.at = getelementptr %Signature, ptr %signature, i32 0, i32 5
  %nodes = load ptr, ptr %nodes.at
  store ptr %nodes, ptr %building
  %taken.at = getelementptr %Building, ptr %building, i32 0, i32 1
  store i64 0, ptr %taken.at
  %results.at = getelementptr %Building, ptr %building, i32 0, i32 2
  store ptr %results, ptr %results.at
  %built = call ptr @build(ptr %building)
  %taken = load i64, ptr %taken.at
  br label %free
free:                                                             ; the arrays that no container took
  %returned = phi ptr [ null, %make ], [ null, %memory ], [ null, %raise ], [ %built, %finish ]
  %from = phi i64 [ 0, %make ], [ 0, %memory ], [ 0, %raise ], [ %taken, %finish ]
  %to = phi i64 [ %i, %make ], [ %count, %memory ], [ %count, %raise ], [ %count, %finish ]
  br label %free.next
free.next:
  %j = phi i64 [ %from, %free ], [ %j1, %free.one ]
  %j1 = add i64 %j, 1
  %left = icmp slt i64 %j, %to
  br i1 %left, label %free.one, label %end
free.one:
  %unused.at = getelementptr ptr, ptr %results, i64 %j
  %unused = load ptr, ptr %unused.at
  call void @Py_DecRef(ptr %unused)
  br label %free.next
end:
  ret ptr %returned
}

define internal ptr @allocate(ptr %leaf) {
  %size.at = getelementptr %Leaf, ptr %leaf, i32 0, i32 8
  %size = load i64, ptr %size.at
  %large = icmp uge i64 %size, $large
  br i1 %large, label %kept, label %usual
kept:
  %owner = call ptr @allocate_large(ptr %leaf)
  ret ptr %owner
usual:
  %array = call ptr @new_array(ptr %leaf)
  ret ptr %array
}

define internal ptr @new_array(ptr %leaf) {
  %dtype = load ptr, ptr %leaf
  %shape.at = getelementptr %Leaf, ptr %leaf, i32 0, i32 3
  %shape = load ptr, ptr %shape.at
  %dimensions.at = getelementptr %Leaf, ptr %leaf, i32 0, i32 4
  %dimensions = load i32, ptr %dimensions.at
  call void @Py_IncRef(ptr %dtype)                                ; the reference that NumPy takes over
  %array = call ptr @PyArray_NewFromDescr(ptr @PyArray_Type, ptr %dtype, i32 %dimensions, ptr %shape, ptr null, ptr null, i32 0, ptr null)
  ret ptr %array
}

; One workspace is kept from call to call; a call that runs while another has it makes its own.
define internal ptr @take(ptr %kernel) {
  %kept.at = getelementptr %Kernel, ptr %kernel, i32 0, i32 5
  %kept = atomicrmw xchg ptr %kept.at, ptr null acq_rel
  %absent = icmp eq ptr %kept, null
  br i1 %absent, label %make, label %have
have:
  ret ptr %kept
make:
  %size.at = getelementptr %Kernel, ptr %kernel, i32 0, i32 4
  %size = load i64, ptr %size.at
  %padded = add i64 %size, 72
  %block = call ptr @PyMem_RawMalloc(i64 %padded)
  %unmade = icmp eq ptr %block, null
  br i1 %unmade, label %no, label %align
align:
  %number = ptrtoint ptr %block to i64
  %beyond = add i64 %number, 71
  %rounded = and i64 %beyond, -64
  %workspace = inttoptr i64 %rounded to ptr
  %block.at = getelementptr ptr, ptr %workspace, i64 -1
  store ptr %block, ptr %block.at
  ret ptr %workspace
no:
  ret ptr null
}

define internal void @give(ptr %kernel, ptr %workspace) {
  %kept.at = getelementptr %Kernel, ptr %kernel, i32 0, i32 5
  %other = atomicrmw xchg ptr %kept.at, ptr %workspace acq_rel
  call void @free_workspace(ptr %other)
  ret void
}

define void @free_workspace(ptr %workspace) {
  %absent = icmp eq ptr %workspace, null
  br i1 %absent, label %end, label %free
free:
  %block.at = getelementptr ptr, ptr %workspace, i64 -1
  %block = load ptr, ptr %block.at
  call void @PyMem_RawFree(ptr %block)
  br label %end
end:
  ret void
}

; Raise the exception of a return code, unless one is on its way: fail(code, address of the workspace, its first 32 bytes).
define internal void @fail(ptr %kernel, i32 %status, ptr %workspace) {
  %pending = call ptr @PyErr_Occurred()
  %none = icmp eq ptr %pending, null
  br i1 %none, label %ask, label %end
ask:
  %wide = sext i32 %status to i64
  %code = call ptr @PyLong_FromLongLong(i64 %wide)
  %where = call ptr @PyLong_FromVoidPtr(ptr %workspace)
  %details = call ptr @PyBytes_FromStringAndSize(ptr %workspace, i64 32)
  %python.at = getelementptr %Kernel, ptr %kernel, i32 0, i32 6
  %python = load ptr, ptr %python.at
  %arguments = call ptr @PyTuple_New(i64 3)
  %first = call i32 @PyTuple_SetItem(ptr %arguments, i64 0, ptr %code)
  %second = call i32 @PyTuple_SetItem(ptr %arguments, i64 1, ptr %where)
  %third = call i32 @PyTuple_SetItem(ptr %arguments, i64 2, ptr %details)
  %result = call ptr @PyObject_Call(ptr %python, ptr %arguments, ptr null)
  call void @Py_DecRef(ptr %arguments)
  call void @Py_DecRef(ptr %result)                               ; null: it raises
  br label %end
end:
  ret void
}
