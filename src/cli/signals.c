#include <cli/signals.h>

#include <signal.h>
#include <stddef.h>

/* A handler has no other way to tell anyone anything; workers look at it, too. */
static atomic_int stop_signal;

static void raise_flag(int number)
{
    stop_signal = number;
}

void mzg_signals_install(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGXCPU};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction action = {.sa_handler = raise_flag, .sa_flags = SA_RESTART};
        struct sigaction before;
        if (numbers[i] == SIGINT)
            action.sa_flags |= (int)SA_RESETHAND;
        sigemptyset(&action.sa_mask);
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
}

void mzg_signals_allow_file_limit(void)
{
    signal(SIGXFSZ, SIG_IGN);
}

const atomic_int *mzg_signals_stop(void)
{
    return &stop_signal;
}
