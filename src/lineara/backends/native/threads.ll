; A pool of threads that run the chunks of a loop.
;
;   parallel(body, frame, chunks, most)     body(chunk, worker, frame) for each chunk, on at most so many threads
;
; The caller takes part, as worker 0. One loop runs at a time: a loop inside a chunk, or of another caller, runs in its own thread.
; A loop is published by tickets. Who takes ticket t is worker t, and takes chunks in order; the caller takes back the tickets
; that nobody wanted, then waits for those who took one. So a thread that wakes late holds up nobody. Threads without work spin
; for a short time and then sleep.

@"lineara.threads" = global i64 1, align 8                        ; how many may run a loop, the caller among them
@body = internal global ptr null
@frame = internal global ptr null
@chunks = internal global i64 0
@shares = internal global i64 0
@busy = internal global i32 0, align 64
@next = internal global i64 0, align 64
@tickets = internal global i64 0, align 64
@left = internal global i64 0, align 64
@waiting = internal global i64 0, align 8                         ; whether the caller sleeps until the others have left
@started = internal global i64 0, align 64
@sleepers = internal global i64 0, align 8
@mutex = internal global [128 x i8] zeroinitializer, align 64     ; more than any system's structures need
@wake = internal global [128 x i8] zeroinitializer, align 64
@done = internal global [128 x i8] zeroinitializer, align 64

declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_signal(ptr)
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_attr_init(ptr)
declare i32 @pthread_attr_destroy(ptr)
declare i32 @pthread_attr_setdetachstate(ptr, i32)
declare i32 @pthread_attr_setstacksize(ptr, i64)
declare i32 @pthread_sigmask(i32, ptr, ptr)
declare i32 @sigfillset(ptr)
declare i32 @timespec_get(ptr, i32)
declare i64 @llvm.smin.i64(i64, i64)
declare i64 @llvm.smax.i64(i64, i64)
declare void @$pause_declared

; No threads are there: at first, and in a process that was forked.
define void @"lineara.forget"() {
  store atomic i64 0, ptr @started monotonic, align 8
  store atomic i64 0, ptr @sleepers monotonic, align 8
  store atomic i64 0, ptr @tickets monotonic, align 8
  store atomic i64 0, ptr @waiting monotonic, align 8
  %mutex = call i32 @pthread_mutex_init(ptr @mutex, ptr null)
  %wake = call i32 @pthread_cond_init(ptr @wake, ptr null)
  %done = call i32 @pthread_cond_init(ptr @done, ptr null)
  store atomic i32 0, ptr @busy release, align 4
  ret void
}

define void @"lineara.library.parallel"(ptr %body, ptr %frame, i64 %chunks, i64 %most) {
entry:
  %threads = load atomic i64, ptr @"lineara.threads" monotonic, align 8
  %few = call i64 @llvm.smin.i64(i64 %threads, i64 %chunks)
  %wanted = call i64 @llvm.smin.i64(i64 %few, i64 %most)
  %several = icmp sgt i64 %wanted, 1
  br i1 %several, label %several.threads, label %alone
several.threads:
  %pair = cmpxchg ptr @busy, i32 0, i32 1 acquire monotonic
  %free = extractvalue { i32, i1 } %pair, 1
  br i1 %free, label %shared, label %alone
alone:
  %some = icmp sgt i64 %chunks, 0
  br i1 %some, label %chunk, label %end
chunk:
  %i = phi i64 [ 0, %alone ], [ %i1, %chunk ]
  call void %body(i64 %i, i64 0, ptr %frame)
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %chunks
  br i1 %more, label %chunk, label %end
shared:
  %others = sub i64 %wanted, 1
  %helpers = call i64 @start(i64 %others)
  store ptr %body, ptr @body
  store ptr %frame, ptr @frame
  store i64 %chunks, ptr @chunks
  %shares = mul i64 %wanted, 2
  store i64 %shares, ptr @shares
  store atomic i64 0, ptr @next monotonic, align 8
  store atomic i64 0, ptr @left monotonic, align 8
  store atomic i64 %helpers, ptr @tickets seq_cst, align 8
  %asleep = load atomic i64, ptr @sleepers seq_cst, align 8
  %calls = call i64 @llvm.smin.i64(i64 %asleep, i64 %helpers)
  call void @call_up(i64 %calls)
  call void @take_chunks(i64 0)
  %unwanted = atomicrmw xchg ptr @tickets, i64 0 acq_rel
  %entered = sub i64 %helpers, %unwanted
  call void @await(i64 %entered)
  store atomic i32 0, ptr @busy release, align 4
  br label %end
end:
  ret void
}

; Several chunks are taken at a time, a part of those that are left, so that threads seldom meet; in the end one.
define internal void @take_chunks(i64 %worker) {
entry:
  %body = load ptr, ptr @body
  %frame = load ptr, ptr @frame
  %chunks = load i64, ptr @chunks
  %shares = load i64, ptr @shares
  %first = load atomic i64, ptr @next monotonic, align 8
  br label %look
look:
  %from = phi i64 [ %first, %entry ], [ %found, %take ], [ %now, %ran ]
  %rest = sub i64 %chunks, %from
  %some = icmp sgt i64 %rest, 0
  br i1 %some, label %take, label %end
take:
  %share = udiv i64 %rest, %shares
  %count = call i64 @llvm.smax.i64(i64 %share, i64 1)
  %to = add i64 %from, %count
  %pair = cmpxchg ptr @next, i64 %from, i64 %to monotonic monotonic
  %found = extractvalue { i64, i1 } %pair, 0
  %mine = extractvalue { i64, i1 } %pair, 1
  br i1 %mine, label %run, label %look
run:
  %chunk = phi i64 [ %from, %take ], [ %chunk1, %run ]
  call void %body(i64 %chunk, i64 %worker, ptr %frame)
  %chunk1 = add i64 %chunk, 1
  %more = icmp slt i64 %chunk1, %to
  br i1 %more, label %run, label %ran
ran:
  %now = load atomic i64, ptr @next monotonic, align 8
  br label %look
end:
  ret void
}

define internal void @call_up(i64 %calls) {
entry:
  %some = icmp sgt i64 %calls, 0
  br i1 %some, label %lock, label %end
lock:
  %locked = call i32 @pthread_mutex_lock(ptr @mutex)
  %unlocked = call i32 @pthread_mutex_unlock(ptr @mutex)          ; who counts as asleep is asleep now
  br label %signal
signal:
  %i = phi i64 [ 0, %lock ], [ %i1, %signal ]
  %signalled = call i32 @pthread_cond_signal(ptr @wake)
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %calls
  br i1 %more, label %signal, label %end
end:
  ret void
}

; Wait until so many workers have left the loop.
define internal void @await(i64 %entered) {
entry:
  %start = call i64 @now()
  br label %spin
spin:
  %left = load atomic i64, ptr @left acquire, align 8
  %all = icmp eq i64 %left, %entered
  br i1 %all, label %end, label %look
look:
  %late = call i1 @pause(i64 %start)
  br i1 %late, label %sleep, label %spin
sleep:
  %locked = call i32 @pthread_mutex_lock(ptr @mutex)
  store atomic i64 1, ptr @waiting seq_cst, align 8
  br label %asleep
asleep:
  %left.now = load atomic i64, ptr @left seq_cst, align 8
  %all.now = icmp eq i64 %left.now, %entered
  br i1 %all.now, label %awake, label %wait
wait:
  %waited = call i32 @pthread_cond_wait(ptr @done, ptr @mutex)
  br label %asleep
awake:
  store atomic i64 0, ptr @waiting monotonic, align 8
  %unlocked = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %end
end:
  ret void
}

define internal ptr @worker(ptr %unused) {
entry:
  br label %again
again:
  %ticket = call i64 @ticket()
  call void @take_chunks(i64 %ticket)
  %left = atomicrmw add ptr @left, i64 1 seq_cst
  %waiting = load atomic i64, ptr @waiting seq_cst, align 8
  %asleep = icmp ne i64 %waiting, 0
  br i1 %asleep, label %signal, label %again
signal:
  %locked = call i32 @pthread_mutex_lock(ptr @mutex)
  %signalled = call i32 @pthread_cond_signal(ptr @done)
  %unlocked = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %again
}

; Wait for a ticket, and take it.
define internal i64 @ticket() {
entry:
  %start = call i64 @now()
  br label %spin
spin:
  %taken = call i64 @take_ticket()
  %some = icmp sgt i64 %taken, 0
  br i1 %some, label %end, label %look
look:
  %late = call i1 @pause(i64 %start)
  br i1 %late, label %sleep, label %spin
sleep:
  %locked = call i32 @pthread_mutex_lock(ptr @mutex)
  %sleepers = atomicrmw add ptr @sleepers, i64 1 seq_cst
  br label %asleep
asleep:
  %taken.now = call i64 @take_ticket()
  %some.now = icmp sgt i64 %taken.now, 0
  br i1 %some.now, label %awake, label %wait
wait:
  %waited = call i32 @pthread_cond_wait(ptr @wake, ptr @mutex)
  br label %asleep
awake:
  %fewer = atomicrmw sub ptr @sleepers, i64 1 seq_cst
  %unlocked = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %end
end:
  %ticket = phi i64 [ %taken, %spin ], [ %taken.now, %awake ]
  ret i64 %ticket
}

define internal i64 @take_ticket() {
entry:
  %first = load atomic i64, ptr @tickets seq_cst, align 8
  br label %try
try:
  %there = phi i64 [ %first, %entry ], [ %found, %take ]
  %some = icmp sgt i64 %there, 0
  br i1 %some, label %take, label %none
take:
  %rest = sub i64 %there, 1
  %pair = cmpxchg ptr @tickets, i64 %there, i64 %rest seq_cst seq_cst
  %found = extractvalue { i64, i1 } %pair, 0
  %mine = extractvalue { i64, i1 } %pair, 1
  br i1 %mine, label %have, label %try
have:
  ret i64 %there
none:
  ret i64 0
}

; Let some time pass; whether the time to spin is over.
define internal i1 @pause(i64 %start) {
entry:
  br label %relax
relax:
  %i = phi i64 [ 0, %entry ], [ %i1, %relax ]
  call void @$pause
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, 16
  br i1 %more, label %relax, label %look
look:
  %now = call i64 @now()
  %spent = sub i64 %now, %start
  %late = icmp ugt i64 %spent, $spin                              ; also where the clock was set back
  ret i1 %late
}

define internal i64 @now() {
  %time = alloca [2 x i64]
  %status = call i32 @timespec_get(ptr %time, i32 1)
  %seconds = load i64, ptr %time
  %at = getelementptr i64, ptr %time, i64 1
  %part = load i64, ptr %at
  %whole = mul i64 %seconds, 1000000000
  %now = add i64 %whole, %part
  ret i64 %now
}

; Have so many workers, or as many as the system gives; none of them handles signals.
define internal i64 @start(i64 %wanted) {
entry:
  %set = alloca [128 x i8], align 64
  %before = alloca [128 x i8], align 64
  %attributes = alloca [128 x i8], align 64
  %thread = alloca i64
  %there = load atomic i64, ptr @started monotonic, align 8
  %enough = icmp sge i64 %there, %wanted
  br i1 %enough, label %enough.threads, label %prepare
enough.threads:
  ret i64 %wanted
prepare:
  %filled = call i32 @sigfillset(ptr %set)
  %masked = call i32 @pthread_sigmask(i32 $set_mask, ptr %set, ptr %before)
  %initial = call i32 @pthread_attr_init(ptr %attributes)
  %detached = call i32 @pthread_attr_setdetachstate(ptr %attributes, i32 $detached)
  %sized = call i32 @pthread_attr_setstacksize(ptr %attributes, i64 8388608)
  br label %create
create:
  %count = phi i64 [ %there, %prepare ], [ %count1, %created ]
  %status = call i32 @pthread_create(ptr %thread, ptr %attributes, ptr @worker, ptr null)
  %fine = icmp eq i32 %status, 0
  br i1 %fine, label %created, label %finish
created:
  %count1 = add i64 %count, 1
  %more = icmp slt i64 %count1, %wanted
  br i1 %more, label %create, label %finish
finish:
  %have = phi i64 [ %count, %create ], [ %count1, %created ]
  store atomic i64 %have, ptr @started monotonic, align 8
  %destroyed = call i32 @pthread_attr_destroy(ptr %attributes)
  %unmasked = call i32 @pthread_sigmask(i32 $set_mask, ptr %before, ptr null)
  ret i64 %have
}
