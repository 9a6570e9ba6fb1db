#include <anndata/backend.h>

json_t *mzg_encoding(const char *type, const char *version)
{
    return json_pack("{s:s, s:s}", "encoding-type", type, "encoding-version", version);
}

json_t *mzg_encoding_of_numbers(const struct mzg_numbers *numbers)
{
    return mzg_encoding(numbers->n < 0 ? "numeric-scalar" : "array", "0.2.0");
}

json_t *mzg_encoding_of_strings(const struct mzg_strings *strings)
{
    return mzg_encoding(strings->n < 0 ? "string" : "string-array", "0.2.0");
}

json_t *mzg_encoding_of_sparse(const char *type, int64_t n_rows, int64_t n_columns)
{
    return json_pack("{s:s, s:s, s:[I, I]}", "encoding-type", type, "encoding-version", "0.1.0", "shape",
                     (json_int_t)n_rows, (json_int_t)n_columns);
}
