/* "Did you mean": the known word that a misspelt one most likely stands for. */
#ifndef MZG_CLI_SUGGEST_H
#define MZG_CLI_SUGGEST_H

/* The best candidate so far; begin with `= {.typed = word}` and offer every known word. */
struct mzg_suggestion {
    const char *typed;
    const char *word; /* NULL while nothing is close enough; the first offered of several equally close */
    int distance;
};

/* Takes `word` (borrowed) if it is close to what was typed, and closer than what was offered before: a few
 * letters missing, added, changed or swapped, in any case, or only its beginning typed. Local. */
void mzg_suggest(struct mzg_suggestion *suggestion, const char *word);

#endif
