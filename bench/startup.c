// Measures how long a gateway takes from spawn to its first hello-ok, and what memory its processes hold then and later.
// It speaks the protocol by itself over a bare socket, so it measures any gateway of the protocol and adds almost nothing.
//
//   cc -O2 -o startup bench/startup.c
//   startup [--runs N] [--port P] [--token T] [--protocol MIN-MAX] [--rss SECONDS] [--timeout SECONDS] [--json] -- COMMAND...
//
// With --port 0 (the default) a free port is chosen for each run; {port} in the command stands for it.
// The output of the gateway goes to the file named by STARTUP_LOG, else nowhere.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

enum { kMaxRuns = 1000, kMaxArguments = 256, kMaxProcesses = 4096, kRetryNanoseconds = 100 * 1000 };

struct Options {
    int runs;
    int port;
    const char* token;
    int min_protocol;
    int max_protocol;
    double settle_seconds;
    double timeout_seconds;
    bool json;
    char** command;
};

struct Memory {
    double rss_mb;
    double pss_mb;
    double cpu_ms;
    int processes;
};

struct Run {
    double accept_ms;
    double hello_ms;
    struct Memory at_hello;
    struct Memory settled;
};

static double now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void pause_ns(long nanoseconds) {
    struct timespec time = {nanoseconds / 1000000000L, nanoseconds % 1000000000L};
    nanosleep(&time, NULL);
}

static void die(const char* what) {
    fprintf(stderr, "startup: %s: %s\n", what, strerror(errno));
    exit(2);
}

// ---- the gateway's processes ------------------------------------------------------------------------------------

struct ProcessTable {
    int ids[kMaxProcesses];
    int parents[kMaxProcesses];
    double cpu_ms[kMaxProcesses];
    int count;
};

// Fields of /proc/ID/stat are counted from behind the name, which may itself contain anything.
static bool read_stat(int id, int* parent, double* cpu_ms) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", id);
    FILE* file = fopen(path, "r");
    if (!file) return false;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    char* name_end = strrchr(text, ')');
    unsigned long user, system;
    if (!name_end || sscanf(name_end + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", parent, &user, &system) != 3) {
        return false;
    }
    *cpu_ms = (double)(user + system) * 1000.0 / (double)sysconf(_SC_CLK_TCK);
    return true;
}

static void read_processes(struct ProcessTable* table) {
    table->count = 0;
    DIR* folder = opendir("/proc");
    if (!folder) die("/proc");
    for (struct dirent* entry = readdir(folder); entry && table->count < kMaxProcesses; entry = readdir(folder)) {
        int id = atoi(entry->d_name);
        if (id <= 0) continue;
        if (!read_stat(id, &table->parents[table->count], &table->cpu_ms[table->count])) continue;
        table->ids[table->count++] = id;
    }
    closedir(folder);
}

static double read_rollup_mb(int id, const char* field) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", id);
    FILE* file = fopen(path, "r");
    if (!file) return 0;
    double result = 0;
    size_t length = strlen(field);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, field, length) == 0) result = atof(line + length) / 1024.0;
    }
    fclose(file);
    return result;
}

// Sums over the process `root` and everything that descends from it.
static struct Memory measure_tree(int root) {
    static struct ProcessTable table;
    static bool member[kMaxProcesses];
    read_processes(&table);
    for (int index = 0; index < table.count; index++) member[index] = table.ids[index] == root;
    for (bool changed = true; changed;) {
        changed = false;
        for (int child = 0; child < table.count; child++) {
            for (int parent = 0; parent < table.count && !member[child]; parent++) {
                if (!member[parent] || table.parents[child] != table.ids[parent]) continue;
                member[child] = changed = true;
            }
        }
    }
    struct Memory memory = {0};
    for (int index = 0; index < table.count; index++) {
        if (!member[index]) continue;
        memory.rss_mb += read_rollup_mb(table.ids[index], "Rss:");
        memory.pss_mb += read_rollup_mb(table.ids[index], "Pss:");
        memory.cpu_ms += table.cpu_ms[index];
        memory.processes++;
    }
    return memory;
}

static int choose_free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0) die("bind");
    if (getsockname(listener, (struct sockaddr*)&address, &length) != 0) die("getsockname");
    close(listener);
    return ntohs(address.sin_port);
}

// Returns a copy of the argument with every {port} replaced.
static char* with_port(const char* argument, int port) {
    char* result = strdup(argument);
    for (char* found = strstr(result, "{port}"); found; found = strstr(result, "{port}")) {
        char* longer = NULL;
        if (asprintf(&longer, "%.*s%d%s", (int)(found - result), result, port, found + 6) < 0) die("asprintf");
        free(result);
        result = longer;
    }
    return result;
}

// The gateway leads a process group of its own, so that its children end with it.
static pid_t spawn_gateway(char** command, int port) {
    char* arguments[kMaxArguments] = {0};
    for (int index = 0; command[index] && index < kMaxArguments - 1; index++) {
        arguments[index] = with_port(command[index], port);
    }
    const char* log = getenv("STARTUP_LOG") ? getenv("STARTUP_LOG") : "/dev/null";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    pid_t id;
    errno = posix_spawnp(&id, arguments[0], &actions, &attributes, arguments, environ);
    if (errno != 0) die(arguments[0]);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    for (int index = 0; arguments[index]; index++) free(arguments[index]);
    return id;
}

static void stop_gateway(pid_t id) {
    kill(-id, SIGTERM);
    for (double deadline = now_ms() + 10000; now_ms() < deadline; pause_ns(5000000)) {
        if (waitpid(id, NULL, WNOHANG) == id) {
            kill(-id, SIGKILL);
            return;
        }
    }
    kill(-id, SIGKILL);
    waitpid(id, NULL, 0);
}

// ---- the conversation -------------------------------------------------------------------------------------------

struct Connection {
    int socket;
    double deadline_ms;
    size_t length;
    char bytes[4 * 1024 * 1024];
};

static bool write_all(int socket, const void* data, size_t length) {
    const char* next = data;
    while (length > 0) {
        ssize_t written = send(socket, next, length, MSG_NOSIGNAL);
        if (written <= 0) return false;
        next += written;
        length -= (size_t)written;
    }
    return true;
}

// A client's frame must be masked; a mask of zeros is a mask and leaves the text as it is.
static bool write_text_frame(int socket, const char* text) {
    size_t length = strlen(text);
    unsigned char header[8] = {0x81, 0x80 | 126, (unsigned char)(length >> 8), (unsigned char)length};
    return write_all(socket, header, sizeof header) && write_all(socket, text, length);
}

static bool read_more(struct Connection* connection) {
    double left = connection->deadline_ms - now_ms();
    if (left <= 0 || connection->length + 1 >= sizeof connection->bytes) return false;
    struct pollfd waiting = {.fd = connection->socket, .events = POLLIN};
    if (poll(&waiting, 1, (int)left + 1) <= 0) return false;
    size_t room = sizeof connection->bytes - 1 - connection->length;
    ssize_t count = recv(connection->socket, connection->bytes + connection->length, room, 0);
    if (count <= 0) return false;
    connection->length += (size_t)count;
    return true;
}

static void drop_front(struct Connection* connection, size_t count) {
    memmove(connection->bytes, connection->bytes + count, connection->length - count);
    connection->length -= count;
}

static bool read_upgrade(struct Connection* connection) {
    for (;;) {
        char* end = memmem(connection->bytes, connection->length, "\r\n\r\n", 4);
        if (end) {
            bool switched = strncmp(connection->bytes, "HTTP/1.1 101", 12) == 0;
            drop_front(connection, (size_t)(end + 4 - connection->bytes));
            return switched;
        }
        if (!read_more(connection)) return false;
    }
}

// The size of the whole frame at the front, or 0 when its header has not arrived.
static size_t frame_size(const struct Connection* connection, size_t* payload_at) {
    const unsigned char* bytes = (const unsigned char*)connection->bytes;
    if (connection->length < 2) return 0;
    uint64_t length = bytes[1] & 0x7f;
    *payload_at = length == 126 ? 4 : length == 127 ? 10 : 2;
    if (connection->length < *payload_at) return 0;
    if (length >= 126) {
        length = 0;
        for (size_t index = 2; index < *payload_at; index++) length = length << 8 | bytes[index];
    }
    return *payload_at + (size_t)length;
}

// Reads frames until one contains `wanted`. Fails when one contains `refused` (which may be NULL) or none comes.
static bool read_until(struct Connection* connection, const char* wanted, const char* refused) {
    for (;;) {
        size_t payload_at = 0;
        size_t size = frame_size(connection, &payload_at);
        if (size == 0 || connection->length < size) {
            if (!read_more(connection)) return false;
            continue;
        }
        bool found = memmem(connection->bytes + payload_at, size - payload_at, wanted, strlen(wanted)) != NULL;
        bool denied = refused && memmem(connection->bytes + payload_at, size - payload_at, refused, strlen(refused));
        if (denied && getenv("STARTUP_DEBUG")) {
            fprintf(stderr, "refused: %.*s\n", (int)(size - payload_at), connection->bytes + payload_at);
        }
        drop_front(connection, size);
        if (found || denied) return found;
    }
}

static bool greet(struct Connection* connection, const struct Options* options, int port) {
    char text[2048];
    snprintf(text, sizeof text,
             "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
             port);
    if (!write_all(connection->socket, text, strlen(text)) || !read_upgrade(connection)) return false;
    if (!read_until(connection, "\"connect.challenge\"", NULL)) return false;
    snprintf(text, sizeof text,
             "{\"type\":\"req\",\"id\":\"1\",\"method\":\"connect\",\"params\":{\"minProtocol\":%d,\"maxProtocol\":%d,"
             "\"client\":{\"id\":\"gateway-client\",\"version\":\"bench\",\"platform\":\"linux\",\"mode\":\"backend\"},"
             "\"caps\":[],\"role\":\"operator\",\"scopes\":[\"operator.admin\"],\"auth\":{\"token\":\"%s\"}}}",
             options->min_protocol, options->max_protocol, options->token);
    return write_text_frame(connection->socket, text) && read_until(connection, "\"hello-ok\"", "\"ok\":false");
}

static int try_to_connect(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0) die("socket");
    if (connect(client, (struct sockaddr*)&address, sizeof address) == 0) {
        int on = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return client;
    }
    close(client);
    return -1;
}

// ---- the measurement --------------------------------------------------------------------------------------------

static bool measure(const struct Options* options, struct Run* run) {
    static struct Connection connection;
    int port = options->port ? options->port : choose_free_port();
    *run = (struct Run){.accept_ms = -1, .hello_ms = -1};
    double started = now_ms();
    pid_t id = spawn_gateway(options->command, port);
    connection.deadline_ms = started + options->timeout_seconds * 1e3;
    while (run->hello_ms < 0 && now_ms() < connection.deadline_ms) {
        siginfo_t ended = {0};
        if (waitid(P_PID, (id_t)id, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == id) break;
        connection.length = 0;
        connection.socket = try_to_connect(port);
        if (connection.socket < 0) {
            pause_ns(kRetryNanoseconds);
            continue;
        }
        if (run->accept_ms < 0) run->accept_ms = now_ms() - started;
        if (greet(&connection, options, port)) run->hello_ms = now_ms() - started;
        if (run->hello_ms >= 0) run->at_hello = measure_tree(id);
        close(connection.socket);
    }
    bool greeted = run->hello_ms >= 0;
    if (greeted && options->settle_seconds > 0) {
        pause_ns((long)(options->settle_seconds * 1e9));
        run->settled = measure_tree(id);
    }
    stop_gateway(id);
    return greeted;
}

static int compare(const void* left, const void* right) {
    double difference = *(const double*)left - *(const double*)right;
    return (difference > 0) - (difference < 0);
}

struct Summary {
    double min, median, p95;
};

static struct Summary summarize(const struct Run* runs, int count, double (*value)(const struct Run*)) {
    double values[kMaxRuns];
    for (int index = 0; index < count; index++) values[index] = value(&runs[index]);
    qsort(values, (size_t)count, sizeof values[0], compare);
    int last = (count * 95 + 99) / 100 - 1;
    double median = count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
    return (struct Summary){values[0], median, values[last]};
}

static double accept_of(const struct Run* run) { return run->accept_ms; }
static double hello_of(const struct Run* run) { return run->hello_ms; }
static double cpu_of(const struct Run* run) { return run->at_hello.cpu_ms; }
static double rss_of(const struct Run* run) { return run->at_hello.rss_mb; }
static double pss_of(const struct Run* run) { return run->at_hello.pss_mb; }
static double settled_rss_of(const struct Run* run) { return run->settled.rss_mb; }
static double settled_pss_of(const struct Run* run) { return run->settled.pss_mb; }
static double processes_of(const struct Run* run) {
    return run->settled.processes ? run->settled.processes : run->at_hello.processes;
}

static const struct Measure {
    const char* name;
    const char* unit;
    double (*value)(const struct Run*);
    bool only_settled;
} kMeasures[] = {
    {"accept", "ms", accept_of, false},        {"hello", "ms", hello_of, false},
    {"cpuAtHello", "ms", cpu_of, false},       {"rssAtHello", "MB", rss_of, false},
    {"pssAtHello", "MB", pss_of, false},       {"rssSettled", "MB", settled_rss_of, true},
    {"pssSettled", "MB", settled_pss_of, true}, {"processes", "", processes_of, false},
};

static void report(const struct Options* options, const struct Run* runs, int count) {
    if (options->json) printf("{\"runs\":%d", count);
    else printf("%-12s %10s %10s %10s   (%d runs)\n", "", "min", "median", "p95", count);
    for (size_t index = 0; index < sizeof kMeasures / sizeof kMeasures[0]; index++) {
        const struct Measure* measure = &kMeasures[index];
        if (measure->only_settled && options->settle_seconds <= 0) continue;
        struct Summary summary = summarize(runs, count, measure->value);
        if (options->json) {
            printf(",\"%s\":{\"unit\":\"%s\",\"min\":%.3f,\"median\":%.3f,\"p95\":%.3f}", measure->name, measure->unit,
                   summary.min, summary.median, summary.p95);
        } else {
            printf("%-12s %10.2f %10.2f %10.2f %s\n", measure->name, summary.min, summary.median, summary.p95, measure->unit);
        }
    }
    if (options->json) printf("}\n");
}

static struct Options parse(int count, char** arguments) {
    struct Options options = {
        .runs = 10, .token = "", .min_protocol = 3, .max_protocol = 4, .timeout_seconds = 60};
    int index = 1;
    for (; index < count && strcmp(arguments[index], "--") != 0; index++) {
        const char* name = arguments[index];
        if (strcmp(name, "--json") == 0) {
            options.json = true;
            continue;
        }
        const char* value = index + 1 < count ? arguments[++index] : "";
        if (strcmp(name, "--runs") == 0) options.runs = atoi(value);
        else if (strcmp(name, "--port") == 0) options.port = atoi(value);
        else if (strcmp(name, "--token") == 0) options.token = value;
        else if (strcmp(name, "--rss") == 0) options.settle_seconds = atof(value);
        else if (strcmp(name, "--timeout") == 0) options.timeout_seconds = atof(value);
        else if (strcmp(name, "--protocol") == 0 && sscanf(value, "%d-%d", &options.min_protocol, &options.max_protocol) == 2) continue;
        else {
            fprintf(stderr, "startup: cannot use %s %s; see the head of bench/startup.c\n", name, value);
            exit(2);
        }
    }
    options.command = arguments + index + 1;
    if (index + 1 >= count || options.runs < 1 || options.runs > kMaxRuns) {
        fprintf(stderr, "startup: give 1 to %d runs and a command after --\n", kMaxRuns);
        exit(2);
    }
    return options;
}

int main(int count, char** arguments) {
    static struct Run runs[kMaxRuns];
    struct Options options = parse(count, arguments);
    for (int index = 0; index < options.runs; index++) {
        if (measure(&options, &runs[index])) continue;
        fprintf(stderr, "startup: run %d got no hello-ok (STARTUP_LOG=FILE keeps the gateway's output)\n", index + 1);
        return 1;
    }
    report(&options, runs, options.runs);
    return 0;
}
