#define _GNU_SOURCE
#include <arpa/inet.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "loadgen.h"

struct options options = {
    .duration = 10, .timeout = 10 * SECOND, .pause = MILLISECOND, .tick = 100 * MILLISECOND, .sources = 1, .seed = 1,
};

static void usage(FILE *to) {
    fputs("usage: loadgen [options] http://127.0.0.1:PORT/path | unix:/sock/path:/path\n"
          "  -c N        closed loop: requests outstanding (default 16); open loop: most in flight (default 2000)\n"
          "  -d S        duration, seconds, may be fractional (default 10)\n"
          "  -r R        open loop: R requests a second at constant intervals, latency from the time each was due\n"
          "  -P          with -r: Poisson arrivals of mean rate R (-s SEED)\n"
          "  -k          keep-alive (default: a connection for each request, 'Connection: close')\n"
          "  -R          with -k: send a request again, once and on a new connection, if its reused connection was\n"
          "              closed before any byte of the response, as browsers and proxies do; counted in 'retried'\n"
          "  -t MS       time-out of a request from its begin (default 10000)\n"
          "  -w S        warm-up: what is due in the first S seconds is not counted\n"
          "  -p A,B,..   phase boundaries in seconds after the start; each phase has its own counts and percentiles.\n"
          "              SIGUSR1 opens a new phase too. A request belongs to the phase in which it ends\n"
          "  -e CODE     the status that is success (default: any 2xx or 3xx)\n"
          "  -B          tally distinct response bodies (first 63 bytes): count, first and last second seen\n"
          "  -H 'K: V'   another request header (repeatable)    -X METHOD    -D BODY\n"
          "  -S N        source addresses 127.0.0.1 to N in turn, so that ports do not run out\n"
          "  -b MS       closed loop: pause after a failure (default 1)\n"
          "  -T FILE     timeline as CSV, a row a tick: t_s,ok,failed,p50_ms,max_ms,inflight    -i MS  tick (100)\n"
          "  -F FILE     a line for each failure: t_s due_s begun_s class errno status reused bytes_got\n"
          "  -o FILE     the JSON goes there, not to standard output      -q  no summary on standard error\n"
          "SIGINT and SIGTERM end the run early; what is due is finished and the JSON printed.\n"
          "Exit status: 0 no failure, 3 some failures, 2 usage.\n",
          to);
}

__attribute__((format(printf, 1, 2))) _Noreturn static void refuse(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("loadgen: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("; see loadgen -h\n", stderr);
    va_end(arguments);
    exit(2);
}

static FILE *open_file(const char *path) {
    FILE *file = fopen(path, "we");
    if (!file) refuse("cannot write %s", path);
    return file;
}

/* A number from `least`; refuses anything else. */
static double number(const char *text, double least) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= least)) refuse("bad number: %s", text);
    return value;
}

static void read_boundaries(char *list) {
    for (char *rest = list, *part; (part = strsep(&rest, ",")) && options.boundary_count < MAX_PHASES - 1;)
        options.boundaries[options.boundary_count++] = number(part, 0);
}

/* unix:/sock/path:/path; returns the path of the request. */
static const char *read_unix_target(const char *text, char *host) {
    struct sockaddr_un *address = (struct sockaddr_un *)&options.address;
    const char *path = strchr(text, ':');
    size_t length = path ? (size_t)(path - text) : strlen(text);
    if (length >= sizeof address->sun_path) refuse("the socket's path is too long");
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, text, length);
    options.address_length = sizeof *address;
    strcpy(host, "localhost");
    return path ? path + 1 : "/";
}

/* host:port/path; returns the path of the request. */
static const char *read_tcp_target(const char *text, char *host, size_t size) {
    struct sockaddr_in *address = (struct sockaddr_in *)&options.address;
    size_t length = strcspn(text, "/");
    char name[64];
    if (length >= size || length >= sizeof name) refuse("bad target: %s", text);
    memcpy(host, text, length);
    host[length] = 0;
    strcpy(name, host);
    char *port = strchr(name, ':');
    if (port) *port++ = 0;
    address->sin_family = AF_INET;
    address->sin_port = htons(port ? (uint16_t)number(port, 1) : 80);
    if (inet_pton(AF_INET, strcmp(name, "localhost") == 0 ? "127.0.0.1" : name, &address->sin_addr) != 1)
        refuse("not an IPv4 address: %s", name);
    options.address_length = sizeof *address;
    return text[length] ? text + length : "/";
}

static void build_request(const char *method, const char *headers, const char *body) {
    char host[256], content_length[64] = "";
    const char *path = strncmp(options.target, "unix:", 5) == 0
        ? read_unix_target(options.target + 5, host)
        : read_tcp_target(options.target + (strncmp(options.target, "http://", 7) == 0 ? 7 : 0), host, sizeof host);
    if (body) snprintf(content_length, sizeof content_length, "Content-Length: %zu\r\n", strlen(body));
    int length = asprintf(&options.request, "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s%s\r\n%s", method, path, host,
                          options.keep_alive ? "" : "Connection: close\r\n", headers, content_length, body ? body : "");
    if (length < 0) abort();
    options.request_length = (size_t)length;
    options.is_head = strcmp(method, "HEAD") == 0;
}

void read_options(int count, char **arguments) {
    const char *method = "GET", *body = NULL;
    char headers[4096] = "";
    int option;
    while ((option = getopt(count, arguments, "c:d:r:PkRt:w:p:e:BH:X:D:S:b:T:i:F:o:qs:h")) != -1) {
        switch (option) {
        case 'c': options.limit = (int)number(optarg, 1); break;
        case 'd': options.duration = number(optarg, 0); break;
        case 'r': options.rate = number(optarg, 0.001); break;
        case 'P': options.poisson = true; break;
        case 'k': options.keep_alive = true; break;
        case 'R': options.retry = true; break;
        case 't': options.timeout = (nanos)(number(optarg, 0.001) * (double)MILLISECOND); break;
        case 'w': options.warm_up = number(optarg, 0); break;
        case 'p': read_boundaries(optarg); break;
        case 'e': options.expected_status = (int)number(optarg, 100); break;
        case 'B': options.tally_bodies = true; break;
        case 'H':
            if (strlen(headers) + strlen(optarg) + 3 > sizeof headers) refuse("too many headers");
            strcat(strcat(headers, optarg), "\r\n");
            break;
        case 'X': method = optarg; break;
        case 'D': body = optarg; break;
        case 'S': options.sources = (int)number(optarg, 1); break;
        case 'b': options.pause = (nanos)(number(optarg, 0) * (double)MILLISECOND); break;
        case 'T': options.timeline = open_file(optarg); break;
        case 'i': options.tick = (nanos)(number(optarg, 1) * (double)MILLISECOND); break;
        case 'F': options.failures = open_file(optarg); break;
        case 'o': options.report_path = optarg; break;
        case 'q': options.quiet = true; break;
        case 's': options.seed = strtoull(optarg, NULL, 10); break;
        case 'h': usage(stdout); exit(0);
        default: usage(stderr); exit(2);
        }
    }
    if (optind + 1 != count) {
        usage(stderr);
        exit(2);
    }
    options.target = arguments[optind];
    if (!options.limit) options.limit = options.rate > 0 ? 2000 : 16;
    build_request(method, headers, body);
}
