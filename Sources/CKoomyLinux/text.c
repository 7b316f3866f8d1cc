#include "internal.h"

#include <stdint.h>
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

size_t koomy_lead_lines(
    char *to, const char *lines, size_t size, const char *lead, size_t lead_size, int is_inside_line)
{
    char *const first = to;
    const char *const end = lines + size;
    while (lines < end) {
        const char *newline = memchr(lines, '\n', (size_t)(end - lines));
        const size_t length = newline ? (size_t)(newline - lines) + 1 : (size_t)(end - lines);
        if (!is_inside_line)
            to = put(to, lead, lead_size);
        is_inside_line = 0;
        to = put(to, lines, length);
        lines += length;
    }
    return (size_t)(to - first);
}

// Whether the eight bytes of a word hold one that a string of JSON escapes, or one beyond ASCII; a word may be suspected
// wrongly, and is then looked at byte by byte. (Hacker's Delight, 2nd ed., 6-1: a zero byte, and a byte less than n.)
static int is_suspect(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    const uint64_t quotes = word ^ (ones * '"'), slashes = word ^ (ones * '\\');
    return ((word | (word - ones * 0x20) | (quotes - ones) | (slashes - ones)) & highs) != 0;
}

// How many bytes at the beginning a string of JSON takes as they are, and are ASCII.
static size_t plain(const unsigned char *text, size_t size)
{
    size_t index = 0;
    for (; index + 8 <= size; index += 8) {
        uint64_t word;
        memcpy(&word, text + index, 8);
        if (is_suspect(word))
            break;
    }
    while (index < size && text[index] >= 0x20 && text[index] < 0x80 && text[index] != '"' && text[index] != '\\')
        index++;
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
        const size_t count = plain(text, (size_t)(end - text));
        to = put(to, text, count);
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
