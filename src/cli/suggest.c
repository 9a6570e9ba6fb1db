#include <cli/suggest.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { MAX_LENGTH = 48 }; /* longer words are not compared */

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int in_small(char letter)
{
    return tolower((unsigned char)letter);
}

/* How many letters, in any case, must be added, removed, changed or swapped with their neighbour to turn `a`
 * into `b`. */
static int edit_distance(const char *a, const char *b)
{
    int n = (int)strlen(a), m = (int)strlen(b);
    int cost[MAX_LENGTH + 1][MAX_LENGTH + 1];
    for (int i = 0; i <= n; i++)
        cost[i][0] = i;
    for (int j = 0; j <= m; j++)
        cost[0][j] = j;
    for (int i = 1; i <= n; i++) {
        for (int j = 1; j <= m; j++) {
            int changed = cost[i - 1][j - 1] + (in_small(a[i - 1]) != in_small(b[j - 1]));
            cost[i][j] = least(changed, 1 + least(cost[i - 1][j], cost[i][j - 1]));
            if (i > 1 && j > 1 && in_small(a[i - 1]) == in_small(b[j - 2]) &&
                in_small(a[i - 2]) == in_small(b[j - 1]))
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[n][m];
}

void mzg_suggest(struct mzg_suggestion *suggestion, const char *word)
{
    size_t typed = strlen(suggestion->typed);
    if (typed < 2 || typed > MAX_LENGTH || strlen(word) > MAX_LENGTH)
        return;
    int distance = edit_distance(suggestion->typed, word);
    int limit = 1 + (int)typed / 5;
    if (typed >= 3 && strncasecmp(word, suggestion->typed, typed) == 0)
        distance = least(distance, limit);
    if (distance > limit || (suggestion->word && distance >= suggestion->distance))
        return;
    suggestion->word = word;
    suggestion->distance = distance;
}
