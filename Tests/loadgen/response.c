#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "loadgen.h"

static const char version[] = "HTTP/1.";
enum { VERSION_LENGTH = sizeof version - 1 };

void response_init(struct response *response) {
    /* Not the head's 16 KB: they are written before they are read. */
    memset((char *)response + offsetof(struct response, head_length), 0,
           sizeof *response - offsetof(struct response, head_length));
    response->length = -1;
}

bool response_ends_at_close(const struct response *response) {
    return response->head_done && !response->chunked && response->length < 0;
}

/* The value of a header line if it has this name. */
static const char *header(const char *line, const char *name) {
    size_t length = strlen(name);
    if (strncasecmp(line, name, length) != 0 || line[length] != ':') return NULL;
    return line + length + 1 + strspn(line + length + 1, " \t");
}

static bool has_word(const char *value, const char *word) {
    const char *end = strstr(value, "\r\n");
    for (size_t length = strlen(word); end && value + length <= end; value++)
        if (strncasecmp(value, word, length) == 0) return true;
    return false;
}

/* Reads a head that is complete; a 1xx is thrown away, and the next head is waited for. */
static bool read_head(struct response *response) {
    char *head = response->head;
    if (response->head_length < 12) return false;
    response->closes = head[VERSION_LENGTH] == '0';
    response->status = atoi(head + VERSION_LENGTH + 2);
    if (response->status < 100 || response->status > 999) return false;
    for (char *line = strstr(head, "\r\n"); line && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
        const char *value;
        if ((value = header(line + 2, "content-length"))) {
            response->length = strtoll(value, NULL, 10);
            if (response->length < 0) return false;
        } else if ((value = header(line + 2, "transfer-encoding"))) {
            response->chunked |= has_word(value, "chunked");
        } else if ((value = header(line + 2, "connection"))) {
            if (has_word(value, "close")) response->closes = true;
            else if (has_word(value, "keep-alive")) response->closes = false;
        }
    }
    if (response->status < 200 && response->status != 101) {
        uint64_t received = response->received;
        response_init(response);
        response->received = received;
        return true;
    }
    if (options.is_head || response->status == 204 || response->status == 304) {
        response->length = 0;
        response->chunked = false;
    }
    if (response->chunked) response->length = -1;
    else if (response->length < 0) response->closes = true;
    response->head_done = true;
    return true;
}

/* Takes bytes of the head, up to its end; false if this is no HTTP. */
static bool feed_head(struct response *response, const char **bytes, size_t *count) {
    while (*count > 0 && !response->head_done) {
        if (response->head_length >= (int)sizeof response->head - 1) return false;
        int at = response->head_length++;
        response->head[at] = *(*bytes)++;
        --*count;
        if (at < VERSION_LENGTH && response->head[at] != version[at]) return false;
        if (at < 3 || memcmp(response->head + at - 3, "\r\n\r\n", 4) != 0) continue;
        response->head[response->head_length] = 0;
        if (!read_head(response)) return false;
    }
    return true;
}

static void take_body(struct response *response, const char *bytes, size_t count) {
    response->body += (int64_t)count;
    if (!options.tally_bodies) return;
    for (; count > 0 && response->sample_length < SAMPLE_SIZE - 1; count--, bytes++) {
        bool plain = *bytes >= ' ' && *bytes <= '~' && *bytes != '"' && *bytes != '\\';
        response->sample[response->sample_length++] = plain ? *bytes : ' ';
    }
}

static int hexadecimal(char byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* One byte of a chunk's size line. */
static bool feed_chunk_size(struct response *response, char byte) {
    int digit = response->chunk.state == CHUNK_SIZE ? hexadecimal(byte) : -1;
    if (digit >= 0) {
        response->chunk.left = response->chunk.left * 16 + (uint64_t)digit;
        return ++response->chunk.digits <= 15;
    }
    if (!response->chunk.digits) return false;
    if (byte == '\n') {
        response->chunk.digits = response->chunk.line_length = 0;
        response->chunk.state = response->chunk.left ? CHUNK_DATA : TRAILER;
        return true;
    }
    if (response->chunk.state == CHUNK_SIZE && byte != '\r' && byte != ';' && byte != ' ') return false;
    response->chunk.state = CHUNK_EXTENSION;
    return true;
}

static enum parse feed_chunks(struct response *response, const char *bytes, size_t count) {
    while (count > 0) {
        if (response->chunk.state == CHUNK_DATA) {
            size_t piece = count < response->chunk.left ? count : (size_t)response->chunk.left;
            take_body(response, bytes, piece);
            bytes += piece;
            count -= piece;
            response->chunk.left -= piece;
            if (!response->chunk.left) response->chunk.state = CHUNK_END;
            continue;
        }
        char byte = *bytes++;
        count--;
        switch (response->chunk.state) {
        case CHUNK_SIZE:
        case CHUNK_EXTENSION:
            if (!feed_chunk_size(response, byte)) return PARSE_BAD;
            break;
        case CHUNK_END:
            if (byte == '\n') response->chunk.state = CHUNK_SIZE;
            else if (byte != '\r') return PARSE_BAD;
            break;
        case TRAILER: /* lines up to an empty one */
            if (byte == '\n') {
                if (!response->chunk.line_length) return count ? PARSE_BAD : PARSE_DONE;
                response->chunk.line_length = 0;
            } else if (byte != '\r') {
                response->chunk.line_length++;
            }
            break;
        case CHUNK_DATA:
            break;
        }
    }
    return PARSE_MORE;
}

enum parse response_feed(struct response *response, const char *bytes, size_t count) {
    response->received += count;
    if (!feed_head(response, &bytes, &count)) return PARSE_BAD;
    if (!response->head_done) return PARSE_MORE;
    if (response->chunked) return feed_chunks(response, bytes, count);
    /* More than was announced is as wrong as less. */
    if (response->length >= 0 && response->body + (int64_t)count > response->length) return PARSE_BAD;
    take_body(response, bytes, count);
    return response->length >= 0 && response->body == response->length ? PARSE_DONE : PARSE_MORE;
}
