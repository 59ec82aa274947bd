// Processes that end in all the ways there are. Compiled by tests/ends_live.rs, and started there as `ends-parent`.
//
// It reads lines `KIND COUNT`, starts so many processes of a kind under the name `ends-KIND`, which lies beside it, and waits for all that
// become its children. Then it tells the microseconds of CPU time of them all, as the kernel credits it with.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[4096];
static int told = 3; // the end of a pipe, where children tell what they have used themselves
static int held = 4; // the end of a pipe that is closed when they may go on

static void start(const char *name, const char *then) {
    char path[4200];
    snprintf(path, sizeof path, "%s/ends-%s", folder, name);
    execl(path, path, then, (char *)NULL);
    _exit(127);
}

static void spawn(const char *name, const char *then) {
    pid_t child = vfork();
    if (child == 0) start(name, then);
    if (child < 0) exit(1);
}

// Uses so much CPU time of the thread, however busy the host is.
static void burn(long ms) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    long until = now.tv_sec * 1000000 + now.tv_nsec / 1000 + ms * 1000;
    do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while (now.tv_sec * 1000000 + now.tv_nsec / 1000 < until);
}

static long used(int who) {
    struct rusage usage;
    getrusage(who, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void *burns(void *ms) {
    burn((long)ms);
    return NULL;
}

static void *execs(void *ms) {
    burn((long)ms);
    start("after", "plain");
    return NULL;
}

static pthread_t thread(void *(*does)(void *), long ms) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, does, (void *)ms)) exit(1);
    return thread;
}

static void wait_all(void) {
    while (waitpid(-1, NULL, 0) > 0) {}
}

static int child(const char *kind) {
    if (!strcmp(kind, "plain")) {
        burn(30);
    } else if (!strcmp(kind, "threads")) { // that end before their leader
        pthread_t threads[3];
        for (int i = 0; i < 3; i++) threads[i] = thread(burns, 8);
        for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
        burn(6);
    } else if (!strcmp(kind, "leader")) { // that ends before its threads
        for (int i = 0; i < 3; i++) thread(burns, 8);
        burn(6);
        pthread_exit(NULL);
    } else if (!strcmp(kind, "execs")) { // in a thread that is not the leader
        thread(execs, 10);
        for (;;) burn(1);
    } else if (!strcmp(kind, "daemon")) { // what remains is nobody's child
        if (fork() == 0) {
            setsid();
            start("after", "plain");
        }
        burn(5);
    } else if (!strcmp(kind, "negligent")) { // never waits
        for (int i = 0; i < 3; i++) spawn("after", "plain");
        siginfo_t info;
        for (int i = 0; i < 3; i++) waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
        burn(5);
    } else if (!strcmp(kind, "unnoticed")) { // whose parent ignores its end
        burn(100);
        long own = used(RUSAGE_SELF);
        if (write(told, &own, sizeof own) != sizeof own) return 1;
    } else if (!strcmp(kind, "another")) { // becomes another program while scans look on
        char end;
        burn(15);
        if (write(told, "x", 1) != 1 || read(held, &end, 1) != 0) return 1;
        start("after", "plain");
    } else {
        return 2;
    }
    return 0;
}

static void say(long us) {
    printf("%ld\n", us);
    fflush(stdout);
}

static void parent(const char *kind, int count) {
    int pipes[2], gate[2];
    // Closed by `exec`, but for what children know by number.
    if (pipe2(pipes, O_CLOEXEC) || pipe2(gate, O_CLOEXEC)) exit(1);
    dup2(pipes[1], told);
    dup2(gate[0], held);
    close(pipes[1]);
    close(gate[0]);
    long before = used(RUSAGE_CHILDREN), unseen = 0;
    int unnoticed = !strcmp(kind, "unnoticed");
    if (unnoticed) signal(SIGCHLD, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int i = 0; i < count; i++) spawn(kind, kind);
    if (!strcmp(kind, "another")) {
        char one;
        for (int i = 0; i < count; i++)
            if (read(pipes[0], &one, 1) != 1) exit(1);
        say(0); // all have used their first part
        if (scanf("%*s") < 0) exit(1);
    }
    close(gate[1]);
    wait_all();
    signal(SIGCHLD, SIG_DFL);
    for (int i = 0; unnoticed && i < count; i++) {
        long own;
        if (read(pipes[0], &own, sizeof own) != sizeof own) exit(1);
        unseen += own;
    }
    close(pipes[0]);
    say(used(RUSAGE_CHILDREN) - before + unseen);
}

int main(int count, char **arguments) {
    strncpy(folder, arguments[0], sizeof folder - 1);
    *strrchr(folder, '/') = 0;
    if (count > 1) return child(arguments[1]);
    // So that pipes get other numbers than those that children know.
    dup2(0, 3);
    dup2(0, 4);
    char kind[32];
    int number;
    while (scanf("%31s %d", kind, &number) == 2) parent(kind, number);
    return 0;
}
