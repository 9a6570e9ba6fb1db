/* Runs a fuzz target on files, as a test: replay_TARGET FILE... */
#include "fuzz.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    enum { MAX_SIZE = 1 << 24 };
    uint8_t *bytes = malloc(MAX_SIZE);
    int n_files = 0;
    for (int i = 1; i < argc && bytes; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            return 2;
        }
        size_t n = fread(bytes, 1, MAX_SIZE, file);
        fclose(file);
        fprintf(stderr, "%s\n", argv[i]);
        LLVMFuzzerTestOneInput(bytes, n);
        n_files++;
    }
    free(bytes);
    printf("%d files\n", n_files);
    return 0;
}
