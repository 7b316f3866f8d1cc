#pragma once

// Bytes that pass from pipes to files; the rules of CKoomyLinux.h hold.

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Copies what a pipe holds to another pipe and leaves it there, without waiting (tee(2)); 0 where the pipe is empty
/// and nobody can write to it.
ssize_t koomy_tee(int pipe, int to, size_t most);
/// Moves bytes out of a pipe to the end that a regular file has now, without waiting for the pipe (splice(2)).
ssize_t koomy_splice_to_end(int pipe, int file, size_t count);
/// Moves bytes out of a pipe to what has no position, without waiting for the pipe.
ssize_t koomy_splice(int pipe, int to, size_t count);
/// Moves bytes from a pipe to another one that has slots for them: all or, where this process is killed, none of them, as
/// splice(2) between two pipes looks for no signal once it has begun.
ssize_t koomy_move_over(int pipe, int other, size_t count);
/// Writes to the end of a file that was opened without O_APPEND (pwritev2(2), RWF_APPEND).
ssize_t koomy_append(int file, const void *bytes, size_t size);
/// How many bytes can be read now (ioctl(2), FIONREAD).
int koomy_readable_size(int descriptor);
int koomy_get_pipe_size(int descriptor);
/// 1 where poll(2) says that something can be written now.
int koomy_is_writable(int descriptor);
/// How many of these bytes are whole lines: up to the last newline, or none (memrchr(3)).
size_t koomy_whole_lines(const void *bytes, size_t size);
/// How many newlines are among these bytes.
size_t koomy_newlines(const void *bytes, size_t size);
/// Writes lines, each with something before it, but for the first where it is the rest of a line, until there may be no room
/// for the next. Returns how many bytes of them were taken; `made` is how many that made. A line that has
/// KOOMY_LINE_SLACK more room than it needs is written in any case.
size_t koomy_lead_lines(
    char *to, size_t room, const char *lines, size_t size, const char *lead, size_t lead_size, int is_inside_line,
    size_t *made);
/// The same for lines that become strings of JSON, each with something before and behind it; it ends also before a line that
/// is no UTF-8, and before one without its newline. A line needs room for six times its bytes.
size_t koomy_wrap_lines(
    char *to, size_t room, const char *lines, size_t size, const char *lead, size_t lead_size, const char *trail,
    size_t trail_size, size_t *made);
enum { KOOMY_LINE_SLACK = 64 };
/// Writes a text of UTF-8 as it stands in a string of JSON (RFC 8259, 7), at most six bytes for each; -EILSEQ where it is none.
ssize_t koomy_escape(char *to, const void *bytes, size_t size);

#ifdef __cplusplus
}
#endif
