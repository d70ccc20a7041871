#include "cuda/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "cuda/stop.h"

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int channel = -1;
static bool muted;
static double last_sent;

bool channel_open(void) {
    channel = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    last_sent = stop_clock();
    return channel >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
}

void channel_raw(const char *bytes, size_t length) {
    pthread_mutex_lock(&turn);
    while (length && !muted) {
        ssize_t n = write(channel, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            muted = true;
            stop_request();
            break;
        }
        bytes += n;
        length -= (size_t)n;
    }
    last_sent = stop_clock();
    pthread_mutex_unlock(&turn);
}

void channel_send(struct record *r) {
    record_end(r);
    channel_raw(r->line, r->length);
}

void channel_mute(void) {
    pthread_mutex_lock(&turn);
    muted = true;
    pthread_mutex_unlock(&turn);
}

double channel_silence(void) {
    pthread_mutex_lock(&turn);
    double since = stop_clock() - last_sent;
    pthread_mutex_unlock(&turn);
    return since;
}
