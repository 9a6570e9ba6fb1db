/*
 * Text of an input made fit to be printed. File names and the words of an imzML file may hold anything: a
 * line end that forges a line of the log, a sequence that moves the cursor or sets the title of a terminal, a
 * character that turns the direction of writing around, bytes that are no UTF-8. What is printed at the edge
 * of the program (log, verdicts, status line) passes through here, so that no caller needs to remember. Pure
 * functions of bytes.
 */
#ifndef MZG_CORE_ESCAPE_H
#define MZG_CORE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Room for any text of `n` bytes escaped, the terminator included. */
#define MZG_ESCAPE_SIZE(n) (4 * (n) + 4)

/* Writes the `n` bytes at `text` into `escaped` of `size` > 3 bytes, terminated, and returns how many bytes
 * that are without the terminator. Control characters become \n, \t, \r or \x1b (C0, DEL), C1 controls, line
 * and paragraph separators and the marks that turn the direction of writing \u{9b} or \u{202e}, bytes that
 * are no UTF-8 \xff; all else stays as it is, so that escaping again changes nothing. What does not fit is
 * left out at a whole character and
 * "..." stands for it. */
size_t mzg_escape(const char *text, size_t n, char *escaped, size_t size);

/* Prints `text` escaped. Of a text longer than 2000 bytes, the first 2000 and "...". */
void mzg_escape_print(FILE *file, const char *text);

/* Prints JSON as jansson made it, which is UTF-8 without controls below U+0020: what else mzg_escape()
 * replaces appears as \u009b or \u202e, which means the same to a reader of JSON. The text is printed whole.
 */
void mzg_escape_print_json(FILE *file, const char *json);

/* Whether the `n` bytes at `text` are UTF-8; zero bytes are. */
bool mzg_is_utf8(const char *text, size_t n);

/* Takes an incomplete character off the end of a text that was cut at a number of bytes. */
void mzg_escape_trim(char *text);

#endif
