from course_lib.classroom.exercises.look import look as look
from course_lib.classroom.exercises.practice import check as check
from course_lib.classroom.exercises.practice import hint as hint
