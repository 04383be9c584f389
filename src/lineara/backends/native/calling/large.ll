; The memory of large results. To map new pages costs about as much as to write all of them, so that a block is kept when its
; array goes, for the next result of its size: two blocks at most. Results own their memory in any case, by a handler of
; NumPy's that is in force while one is made; where another than NumPy's own is in force, it stays so.

%Handler = type { [8 x i8], [119 x i8], i8, %Allocator }          ; name, padding, version
%Allocator = type { ptr, ptr, ptr, ptr, ptr }                     ; context, malloc, calloc, realloc, free
%Head = type { ptr, i64 }                                         ; where the block begins, size of the array; right before it

@capsule.name = internal constant [12 x i8] c"mem_handler\00"
@handler = internal global %Handler { [8 x i8] c"lineara\00", [119 x i8] zeroinitializer, i8 1, %Allocator { ptr null, ptr @large.malloc, ptr @large.calloc, ptr @large.realloc, ptr @large.free } }
@capsule = internal global ptr null
@kept = internal global [2 x ptr] zeroinitializer

; Make an array, whose size is large, under our handler.
define internal ptr @allocate_large(ptr %leaf) noinline {
  %current = call ptr @PyDataMem_GetHandler()
  %numpy = load ptr, ptr @PyDataMem_DefaultHandler
  %ordinary = icmp eq ptr %current, %numpy
  br i1 %ordinary, label %ready, label %other
ready:
  %capsule = call ptr @large_handler()
  %missing = icmp eq ptr %capsule, null
  br i1 %missing, label %other, label %ours
ours:
  %before = call ptr @PyDataMem_SetHandler(ptr %capsule)
  %array = call ptr @new_array(ptr %leaf)
  %error = alloca [3 x ptr]
  %value = getelementptr ptr, ptr %error, i64 1
  %trace = getelementptr ptr, ptr %error, i64 2
  call void @PyErr_Fetch(ptr %error, ptr %value, ptr %trace)
  %after = call ptr @PyDataMem_SetHandler(ptr %current)
  %type.of = load ptr, ptr %error
  %value.of = load ptr, ptr %value
  %trace.of = load ptr, ptr %trace
  call void @PyErr_Restore(ptr %type.of, ptr %value.of, ptr %trace.of)
  call void @Py_DecRef(ptr %before)
  call void @Py_DecRef(ptr %after)
  call void @Py_DecRef(ptr %current)
  ret ptr %array
other:
  call void @PyErr_Clear()
  call void @Py_DecRef(ptr %current)
  %usual = call ptr @new_array(ptr %leaf)
  ret ptr %usual
}

; Our handler, which asks NumPy's own for blocks; made when it is first wanted, for all time. Null, with an exception, if it cannot be.
define internal ptr @large_handler() {
  %known = load ptr, ptr @capsule
  %made = icmp ne ptr %known, null
  br i1 %made, label %have, label %make
have:
  ret ptr %known
make:
  %numpy = load ptr, ptr @PyDataMem_DefaultHandler
  %its = call ptr @PyCapsule_GetPointer(ptr %numpy, ptr @capsule.name)
  %unknown = icmp eq ptr %its, null
  br i1 %unknown, label %no, label %link
link:
  %allocator = getelementptr %Handler, ptr %its, i32 0, i32 3
  %context.at = getelementptr %Handler, ptr @handler, i32 0, i32 3, i32 0
  store ptr %allocator, ptr %context.at
  %capsule = call ptr @PyCapsule_New(ptr @handler, ptr @capsule.name, ptr null)
  store ptr %capsule, ptr @capsule
  ret ptr %capsule
no:
  ret ptr null
}

define internal ptr @large.malloc(ptr %allocator, i64 %size) {
entry:
  br label %next
next:                                                             ; take what is kept; put it back if it is of another size
  %i = phi i64 [ 0, %entry ], [ %i1, %onward ]
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i, 2
  br i1 %more, label %look, label %new
look:
  %slot = getelementptr ptr, ptr @kept, i64 %i
  %data = atomicrmw xchg ptr %slot, ptr null acq_rel
  %empty = icmp eq ptr %data, null
  br i1 %empty, label %onward, label %compare
compare:
  %size.at = getelementptr %Head, ptr %data, i64 -1, i32 1
  %its = load i64, ptr %size.at
  %fits = icmp eq i64 %its, %size
  br i1 %fits, label %found, label %back
back:
  %put = cmpxchg ptr %slot, ptr null, ptr %data acq_rel acquire
  %in = extractvalue { ptr, i1 } %put, 1
  br i1 %in, label %onward, label %drop
drop:
  call void @large_release(ptr %allocator, ptr %data)
  br label %onward
onward:
  br label %next
found:
  ret ptr %data
new:
  %malloc.at = getelementptr %Allocator, ptr %allocator, i32 0, i32 1
  %malloc = load ptr, ptr %malloc.at
  %context = load ptr, ptr %allocator
  %padded = add i64 %size, 128
  %block = call ptr %malloc(ptr %context, i64 %padded)
  %made = call ptr @large_headed(ptr %block, i64 %size)
  ret ptr %made
}

; A block with its head; the array in it begins at a cache line.
define internal ptr @large_headed(ptr %block, i64 %size) {
  %absent = icmp eq ptr %block, null
  br i1 %absent, label %no, label %align
align:
  %number = ptrtoint ptr %block to i64
  %beyond = add i64 %number, 127
  %rounded = and i64 %beyond, -64
  %data = inttoptr i64 %rounded to ptr
  %head = getelementptr %Head, ptr %data, i64 -1
  %size.at = getelementptr %Head, ptr %head, i32 0, i32 1
  store ptr %block, ptr %head
  store i64 %size, ptr %size.at
  ret ptr %data
no:
  ret ptr null
}

define internal ptr @large.calloc(ptr %allocator, i64 %count, i64 %each) {
  %size = mul i64 %count, %each
  %data = call ptr @large.malloc(ptr %allocator, i64 %size)
  %absent = icmp eq ptr %data, null
  br i1 %absent, label %end, label %clear
clear:
  call void @llvm.memset.p0.i64(ptr %data, i8 0, i64 %size, i1 false)
  br label %end
end:
  ret ptr %data
}

define internal ptr @large.realloc(ptr %allocator, ptr %data, i64 %size) {
  %made = call ptr @large.malloc(ptr %allocator, i64 %size)
  %absent = icmp eq ptr %made, null
  br i1 %absent, label %end, label %move
move:
  %size.at = getelementptr %Head, ptr %data, i64 -1, i32 1
  %before = load i64, ptr %size.at
  %less = icmp ult i64 %before, %size
  %common = select i1 %less, i64 %before, i64 %size
  call void @llvm.memcpy.p0.p0.i64(ptr %made, ptr %data, i64 %common, i1 false)
  call void @large.free(ptr %allocator, ptr %data, i64 %before)
  br label %end
end:
  ret ptr %made
}

; A block is kept in the first place, and moves on with each that comes after it.
define internal void @large.free(ptr %allocator, ptr %data, i64 %claimed) {
entry:
  %size.at = getelementptr %Head, ptr %data, i64 -1, i32 1
  %size = load i64, ptr %size.at
  %large = icmp uge i64 %size, $large
  %few = icmp ule i64 %size, $largest
  %stays = and i1 %large, %few
  br i1 %stays, label %next, label %drop
next:
  %i = phi i64 [ 0, %entry ], [ %i1, %moved ]
  %moving = phi ptr [ %data, %entry ], [ %before, %moved ]
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i, 2
  br i1 %more, label %put, label %drop
put:
  %slot = getelementptr ptr, ptr @kept, i64 %i
  %before = atomicrmw xchg ptr %slot, ptr %moving acq_rel
  %none = icmp eq ptr %before, null
  br i1 %none, label %end, label %moved
moved:
  br label %next
drop:
  %last = phi ptr [ %data, %entry ], [ %moving, %next ]
  call void @large_release(ptr %allocator, ptr %last)
  br label %end
end:
  ret void
}

define internal void @large_release(ptr %allocator, ptr %data) {
  %head = getelementptr %Head, ptr %data, i64 -1
  %size.at = getelementptr %Head, ptr %head, i32 0, i32 1
  %size = load i64, ptr %size.at
  %block = load ptr, ptr %head
  %padded = add i64 %size, 128
  %free.at = getelementptr %Allocator, ptr %allocator, i32 0, i32 4
  %free = load ptr, ptr %free.at
  %context = load ptr, ptr %allocator
  call void %free(ptr %context, ptr %block, i64 %padded)
  ret void
}
