; Put the results in their containers.

define internal ptr @build(ptr %building) {
  %node = load ptr, ptr %building
  %following = getelementptr %Node, ptr %node, i64 1
  store ptr %following, ptr %building
  %kind = load i64, ptr %node
  %count.at = getelementptr %Node, ptr %node, i32 0, i32 1
  %count = load i64, ptr %count.at
  %data.at = getelementptr %Node, ptr %node, i32 0, i32 2
  %data = load ptr, ptr %data.at
  switch i64 %kind, label %tuple [
    i64 0, label %array
    i64 2, label %list
    i64 3, label %dict
    i64 4, label %static
  ]
array:
  %taken.at = getelementptr %Building, ptr %building, i32 0, i32 1
  %taken = load i64, ptr %taken.at
  %taken1 = add i64 %taken, 1
  store i64 %taken1, ptr %taken.at
  %results.at = getelementptr %Building, ptr %building, i32 0, i32 2
  %results = load ptr, ptr %results.at
  %result.at = getelementptr ptr, ptr %results, i64 %taken
  %result = load ptr, ptr %result.at
  ret ptr %result
static:
  call void @Py_IncRef(ptr %data)
  ret ptr %data
tuple:                                                            ; the arguments of a function too, which builds the rest
  %a.tuple = call ptr @PyTuple_New(i64 %count)
  br label %start
list:
  %a.list = call ptr @PyList_New(i64 %count)
  br label %start
dict:
  %a.dict = call ptr @PyDict_New()
  br label %start
start:
  %container = phi ptr [ %a.tuple, %tuple ], [ %a.list, %list ], [ %a.dict, %dict ]
  %unmade = icmp eq ptr %container, null
  br i1 %unmade, label %no, label %next
next:
  %i = phi i64 [ 0, %start ], [ %i1, %put.end ]
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i, %count
  br i1 %more, label %one, label %complete
one:
  %element = call ptr @build(ptr %building)
  %unbuilt = icmp eq ptr %element, null
  br i1 %unbuilt, label %drop, label %put
put:
  switch i64 %kind, label %put.tuple [
    i64 2, label %put.list
    i64 3, label %put.dict
  ]
put.tuple:
  %in.tuple = call i32 @PyTuple_SetItem(ptr %container, i64 %i, ptr %element)
  br label %put.end
put.list:
  %in.list = call i32 @PyList_SetItem(ptr %container, i64 %i, ptr %element)
  br label %put.end
put.dict:
  %key.at = getelementptr ptr, ptr %data, i64 %i
  %key = load ptr, ptr %key.at
  %in.dict = call i32 @PyDict_SetItem(ptr %container, ptr %key, ptr %element)
  call void @Py_DecRef(ptr %element)
  br label %put.end
put.end:
  %status = phi i32 [ %in.tuple, %put.tuple ], [ %in.list, %put.list ], [ %in.dict, %put.dict ]
  %placed = icmp eq i32 %status, 0
  br i1 %placed, label %next, label %drop
complete:
  %is.call = icmp eq i64 %kind, 5
  br i1 %is.call, label %function, label %return
return:
  ret ptr %container
function:
  %returned = call ptr @PyObject_CallOneArg(ptr %data, ptr %container)
  call void @Py_DecRef(ptr %container)
  ret ptr %returned
drop:
  call void @Py_DecRef(ptr %container)
  br label %no
no:
  ret ptr null
}
