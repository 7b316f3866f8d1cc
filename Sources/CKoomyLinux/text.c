#include "internal.h"

#include <string.h>

size_t koomy_whole_lines(const void *bytes, size_t size)
{
    const char *last = memrchr(bytes, '\n', size);
    return last ? (size_t)(last - (const char *)bytes) + 1 : 0;
}

size_t koomy_newlines(const void *bytes, size_t size)
{
    const char *place = bytes, *const end = place + size;
    size_t count = 0;
    while (place < end && (place = memchr(place, '\n', (size_t)(end - place)))) {
        count++;
        place++;
    }
    return count;
}

static char *put(char *to, const void *bytes, size_t size)
{
    memcpy(to, bytes, size);
    return to + size;
}

// Copies in pieces of a fixed size, which takes less than a call of memcpy(3) for the short texts that lines are; up to a
// piece more than was asked for is read and written.
enum { PIECE = KOOMY_LINE_SLACK / 2 };

static char *put_pieces(char *to, const char *from, size_t size)
{
    for (size_t index = 0; index < size; index += PIECE)
        memcpy(to + index, from + index, PIECE);
    return to + size;
}

static char *put_from(char *to, const char *from, size_t size, const char *end)
{
    return (size_t)(end - from) >= size + PIECE ? put_pieces(to, from, size) : put(to, from, size);
}

// What is before each line, with room behind it to be read in pieces.
struct lead {
    char padded[8 * PIECE];
    const char *text;
    size_t size;
};

static void take_lead(struct lead *lead, const char *text, size_t size)
{
    lead->text = text;
    lead->size = size;
    if (size + PIECE <= sizeof lead->padded)
        memcpy(lead->padded, text, size);
}

static char *put_lead(char *to, const struct lead *lead)
{
    return lead->size + PIECE <= sizeof lead->padded ? put_pieces(to, lead->padded, lead->size)
                                                     : put(to, lead->text, lead->size);
}

size_t koomy_lead_lines(
    char *to, size_t room, const char *lines, size_t size, const char *lead, size_t lead_size, int is_inside_line,
    size_t *made)
{
    const char *const first = to, *const begin = lines, *const end = lines + size;
    struct lead before = {0};
    take_lead(&before, lead, lead_size);
    while (lines < end) {
        const char *newline = memchr(lines, '\n', (size_t)(end - lines));
        const size_t length = newline ? (size_t)(newline - lines) + 1 : (size_t)(end - lines);
        if (room - (size_t)(to - first) < lead_size + length + KOOMY_LINE_SLACK)
            break;
        if (!is_inside_line)
            to = put_lead(to, &before);
        is_inside_line = 0;
        to = put_from(to, lines, length, end);
        lines += length;
    }
    *made = (size_t)(to - first);
    return (size_t)(lines - begin);
}

// Whether one of so many bytes is one that a string of JSON escapes, or beyond ASCII, which as a signed number is below 0.
static int is_suspect(const char *piece)
{
    unsigned char found = 0;
    for (size_t index = 0; index < PIECE; index++) {
        const signed char byte = (signed char)piece[index];
        found |= (unsigned char)((byte < 0x20) | (byte == '"') | (byte == '\\'));
    }
    return found;
}

// Copies as many bytes at the beginning as a string of JSON takes as they are, and are ASCII; how many those are.
static size_t put_plain(char *to, const unsigned char *text, size_t size)
{
    size_t index = 0;
    for (; index + PIECE <= size; index += PIECE) {
        char piece[PIECE];
        memcpy(piece, text + index, PIECE);
        if (is_suspect(piece))
            break;
        memcpy(to + index, piece, PIECE);
    }
    for (; index < size && text[index] >= 0x20 && text[index] < 0x80 && text[index] != '"' && text[index] != '\\'; index++)
        to[index] = (char)text[index];
    return index;
}

// How many bytes a character of UTF-8 has here (RFC 3629, 4); 0 where there is none.
static size_t character(const unsigned char *text, size_t size)
{
    static const struct { unsigned char first, last, low, high; size_t length; } forms[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
        if (text[0] < forms[form].first || text[0] > forms[form].last)
            continue;
        if (size < forms[form].length || text[1] < forms[form].low || text[1] > forms[form].high)
            return 0;
        for (size_t index = 2; index < forms[form].length; index++)
            if ((text[index] & 0xC0) != 0x80)
                return 0;
        return forms[form].length;
    }
    return 0;
}

static char *put_escape(char *to, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef", letters[] = "btn\0fr";
    *to++ = '\\';
    if (byte == '"' || byte == '\\') {
        *to++ = (char)byte;
    } else if (byte >= 8 && byte <= 13 && byte != 11) {
        *to++ = letters[byte - 8];
    } else {
        to = put(to, "u00", 3);
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    return to;
}

ssize_t koomy_escape(char *to, const void *bytes, size_t size)
{
    const unsigned char *text = bytes, *const end = text + size;
    char *const first = to;
    while (text < end) {
        const size_t count = put_plain(to, text, (size_t)(end - text));
        to += count;
        text += count;
        if (text == end)
            break;
        if (*text < 0x80) {
            to = put_escape(to, *text++);
            continue;
        }
        const size_t length = character(text, (size_t)(end - text));
        if (length == 0)
            return -EILSEQ;
        to = put(to, text, length);
        text += length;
    }
    return to - first;
}

size_t koomy_wrap_lines(
    char *to, size_t room, const char *lines, size_t size, const char *lead, size_t lead_size, const char *trail,
    size_t trail_size, size_t *made)
{
    const char *const first = to, *const begin = lines, *const end = lines + size, *newline;
    struct lead before = {0};
    take_lead(&before, lead, lead_size);
    while (lines < end && (newline = memchr(lines, '\n', (size_t)(end - lines)))) {
        const size_t length = (size_t)(newline - lines);
        if (room - (size_t)(to - first) < lead_size + 6 * length + trail_size + KOOMY_LINE_SLACK)
            break;
        char *const text = put_lead(to, &before);
        const ssize_t written = koomy_escape(text, lines, length);
        if (written < 0)
            break;
        to = put(text + written, trail, trail_size);
        lines = newline + 1;
    }
    *made = (size_t)(to - first);
    return (size_t)(lines - begin);
}
