; Where there are no POSIX threads, the caller runs all chunks.

@"lineara.threads" = global i64 1, align 8

define void @"lineara.forget"() {
  ret void
}

define void @"lineara.library.parallel"(ptr %body, ptr %frame, i64 %chunks, i64 %most) {
entry:
  %some = icmp sgt i64 %chunks, 0
  br i1 %some, label %chunk, label %end
chunk:
  %i = phi i64 [ 0, %entry ], [ %i1, %chunk ]
  call void %body(i64 %i, i64 0, ptr %frame)
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %chunks
  br i1 %more, label %chunk, label %end
end:
  ret void
}
