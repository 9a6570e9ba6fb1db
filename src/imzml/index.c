#include <core/escape.h>
#include <imzml/index_array.h>
#include <input/pixels.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mzg_index_totals_add(struct mzg_index_totals *totals, const struct mzg_index_totals *more)
{
    for (int level = 0; level < MZG_MS_LEVELS; level++)
        for (int polarity = 0; polarity < MZG_POLARITIES; polarity++)
            mzg_kind_totals_add(&totals->kinds.of[level][polarity], &more->kinds.of[level][polarity]);
    totals->n_without_position += more->n_without_position;
}

void mzg_imzml_index_init(struct mzg_imzml_index *index, const struct mzg_imzml_header *header,
                          int64_t ibd_size, struct mzg_findings *findings)
{
    *index = (struct mzg_imzml_index){.header = header, .ibd_size = ibd_size, .findings = findings};
}

void mzg_imzml_index_destroy(struct mzg_imzml_index *index)
{
    mzg_entry_list_destroy(&index->entries);
}

static void set_spectrum_type(struct mzg_index_spectrum *spectrum,
                              const struct mzg_index_parameter *parameter, enum mzg_spectrum_type type)
{
    if (parameter->source > spectrum->type_source) {
        spectrum->type_source = parameter->source;
        spectrum->type = type;
    } else if (parameter->source == spectrum->type_source && spectrum->type != type) {
        spectrum->type = MZG_SPECTRUM_UNKNOWN; /* it says both */
    }
}

/* Level 0 is what many writers mean by none: that of all spectra of the first level. */
static void set_level(struct mzg_imzml_index *index, const struct mzg_index_parameter *parameter)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    int64_t level = 0;
    bool valid = mzg_text_to_int64(mzg_index_value(parameter), &level) && level >= 0;
    level = !valid ? 0 : level == 0 ? 1 : level < MZG_MS_LEVELS ? level : MZG_MS_LEVELS - 1;
    if (!valid)
        mzg_find(index->findings, MZG_FOUND_MS_LEVEL, "spectrum %" PRId64, mzg_index_ordinal(index) + 1);
    if (parameter->source > spectrum->level_source) {
        spectrum->level_source = parameter->source;
        spectrum->ms_level = (int)level;
    } else if (parameter->source == spectrum->level_source && spectrum->ms_level != level) {
        mzg_index_note_repeated(index, "the ms level");
    }
}

static void set_polarity(struct mzg_imzml_index *index, const struct mzg_index_parameter *parameter,
                         enum mzg_polarity polarity)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    if (parameter->source > spectrum->polarity_source) {
        spectrum->polarity_source = parameter->source;
        spectrum->polarity = polarity;
    } else if (parameter->source == spectrum->polarity_source && spectrum->polarity != polarity) {
        mzg_index_note_repeated(index, "the polarity");
    }
}

/* An m/z that can be believed. */
static void set_extreme(const struct mzg_index_parameter *parameter, enum mzg_value_source *source,
                        double *extreme, double *half_digit)
{
    double mz;
    if (parameter->source <= *source || !mzg_text_to_double(mzg_index_value(parameter), &mz) || mz <= 0 ||
        mz > 1e6)
        return;
    *source = parameter->source;
    *extreme = mz;
    *half_digit = mzg_text_half_digit(mzg_index_value(parameter));
}

/* The text of a coordinate that is no whole number is kept for the message about it. */
static void set_coordinate(struct mzg_imzml_index *index, int d, const struct mzg_index_parameter *parameter,
                           const char *what)
{
    struct mzg_index_number *number = &index->spectrum.position[d];
    mzg_index_set_number(index, number, parameter, what);
    if (number->valid)
        return;
    struct mzg_text value = mzg_index_value(parameter);
    index->unusable[d].spectrum = mzg_index_ordinal(index);
    snprintf(index->unusable[d].text, sizeof index->unusable[d].text, "%.*s",
             (int)(value.n < 20 ? value.n : 20), value.p ? value.p : "");
    mzg_escape_trim(index->unusable[d].text);
}

/* Cardinal and M2aia repeat positions as user parameters, with decimals; they count where there are no
 * others. */
static void apply_user_position(struct mzg_imzml_index *index, const struct mzg_index_parameter *parameter)
{
    struct mzg_index_parameter weaker = *parameter;
    weaker.source = parameter->shared ? MZG_FROM_USER_GROUP : MZG_FROM_USER;
    if (mzg_text_equals(mzg_index_name(parameter), "3DPositionX"))
        set_coordinate(index, 0, &weaker, "3DPositionX");
    else if (mzg_text_equals(mzg_index_name(parameter), "3DPositionY"))
        set_coordinate(index, 1, &weaker, "3DPositionY");
    else if (mzg_text_equals(mzg_index_name(parameter), "3DPositionZ"))
        set_coordinate(index, 2, &weaker, "3DPositionZ");
}

static void apply_to_spectrum(struct mzg_imzml_index *index, const struct mzg_index_parameter *parameter)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    switch (parameter->term) {
    case MZG_TERM_UNKNOWN:
        apply_user_position(index, parameter);
        break;
    case MZG_TERM_POSITION_X:
        set_coordinate(index, 0, parameter, "position x");
        break;
    case MZG_TERM_POSITION_Y:
        set_coordinate(index, 1, parameter, "position y");
        break;
    case MZG_TERM_POSITION_Z:
        set_coordinate(index, 2, parameter, "position z");
        break;
    case MZG_TERM_CENTROID:
        set_spectrum_type(spectrum, parameter, MZG_SPECTRUM_CENTROID);
        break;
    case MZG_TERM_PROFILE:
        set_spectrum_type(spectrum, parameter, MZG_SPECTRUM_PROFILE);
        break;
    case MZG_TERM_MS_LEVEL:
        set_level(index, parameter);
        break;
    case MZG_TERM_MS1_SPECTRUM:
        spectrum->is_ms1 = true;
        break;
    case MZG_TERM_MSN_SPECTRUM:
        spectrum->is_msn = true;
        break;
    case MZG_TERM_POSITIVE_SCAN:
        set_polarity(index, parameter, MZG_POLARITY_POSITIVE);
        break;
    case MZG_TERM_NEGATIVE_SCAN:
        set_polarity(index, parameter, MZG_POLARITY_NEGATIVE);
        break;
    case MZG_TERM_LOWEST_MZ:
        set_extreme(parameter, &spectrum->low_source, &spectrum->low, &spectrum->low_half_digit);
        break;
    case MZG_TERM_HIGHEST_MZ:
        set_extreme(parameter, &spectrum->high_source, &spectrum->high, &spectrum->high_half_digit);
        break;
    default:
        break;
    }
}

static void apply(struct mzg_imzml_index *index, const struct mzg_index_parameter *parameter)
{
    if (index->spectrum.in_array)
        mzg_index_apply_to_array(index, parameter);
    else
        apply_to_spectrum(index, parameter);
}

static void apply_group(struct mzg_imzml_index *index, struct mzg_text id)
{
    const struct mzg_imzml_group *group = mzg_imzml_header_group(index->header, id);
    if (!group) {
        mzg_find(index->findings, MZG_FOUND_GROUP_MISSING, "\"%.*s\" in spectrum %" PRId64,
                 id.n < 60 ? (int)id.n : 60, id.p ? id.p : "", mzg_index_ordinal(index) + 1);
        return;
    }
    for (int64_t i = 0; i < group->n_of_spectrum; i++) {
        const struct mzg_imzml_param *param = group->of_spectrum[i];
        struct mzg_index_parameter parameter = {
            .term = param->term, .shared = param, .source = MZG_FROM_GROUP};
        apply(index, &parameter);
    }
}

enum mzg_status mzg_imzml_index_start(struct mzg_imzml_index *index, const struct mzg_imzml_tag *tag,
                                      struct mzg_error *err)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    switch (tag->element) {
    case MZG_ELEMENT_SPECTRUM:
        if (index->in_spectrum)
            return mzg_fail(err, MZG_EFORMAT, "spectrum %" PRId64 " holds another spectrum",
                            mzg_index_ordinal(index) + 1);
        index->in_spectrum = true;
        *spectrum = (struct mzg_index_spectrum){0};
        break;
    case MZG_ELEMENT_BINARY_DATA_ARRAY:
        spectrum->in_array = true;
        spectrum->array = (struct mzg_index_array){.kind = -1};
        break;
    case MZG_ELEMENT_CV_PARAM:
    case MZG_ELEMENT_USER_PARAM: {
        struct mzg_index_parameter parameter = {
            .term = tag->term, .name = tag->name, .value = tag->value, .source = MZG_FROM_ELEMENT};
        apply(index, &parameter);
        break;
    }
    case MZG_ELEMENT_GROUP_REF:
        apply_group(index, tag->ref);
        break;
    default:
        break;
    }
    return MZG_OK;
}

enum mzg_status mzg_imzml_index_start_element(struct mzg_imzml_index *index, enum mzg_imzml_element element,
                                              const struct mzg_xml_attributes *attributes,
                                              struct mzg_error *err)
{
    struct mzg_imzml_tag tag = {.element = element};
    if (element == MZG_ELEMENT_CV_PARAM || element == MZG_ELEMENT_USER_PARAM) {
        tag.term = mzg_term_parse(mzg_xml_attribute(attributes, "accession"));
        tag.name = mzg_xml_attribute(attributes, "name");
        tag.value = mzg_xml_attribute(attributes, "value");
    } else if (element == MZG_ELEMENT_GROUP_REF) {
        tag.ref = mzg_xml_attribute(attributes, "ref");
    }
    return mzg_imzml_index_start(index, &tag, err);
}

static bool is_by_user(const struct mzg_index_number *number)
{
    return number->source == MZG_FROM_USER || number->source == MZG_FROM_USER_GROUP;
}

/* "x = "0.05"" if it is no whole number, else "x = 5", or "no x". */
static void describe_coordinate(const struct mzg_imzml_index *index, int d, char *text, size_t size)
{
    const struct mzg_index_number *number = &index->spectrum.position[d];
    const char name = "xyz"[d];
    if (number->source == MZG_FROM_NOWHERE)
        snprintf(text, size, "no %c", name);
    else if (number->valid)
        snprintf(text, size, "%c = %" PRId64, name, number->value);
    else
        snprintf(text, size, "%c = \"%s\"", name,
                 index->unusable[d].spectrum == mzg_index_ordinal(index) ? index->unusable[d].text : "");
}

static void find_no_position(struct mzg_imzml_index *index)
{
    char x[40], y[40], z[40] = "";
    describe_coordinate(index, 0, x, sizeof x);
    describe_coordinate(index, 1, y, sizeof y);
    if (!index->spectrum.position[2].valid)
        describe_coordinate(index, 2, z, sizeof z);
    mzg_find(index->findings, MZG_FOUND_NO_POSITION, "spectrum %" PRId64 " has %s, %s%s%s",
             mzg_index_ordinal(index) + 1, x, y, *z ? ", " : "", z);
}

static void end_position(struct mzg_imzml_index *index)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    struct mzg_imzml_entry *entry = &spectrum->entry;
    /* A plane that user parameters tell counts beside an x and y that they tell, not beside real ones. */
    bool by_user = is_by_user(&spectrum->position[0]) && is_by_user(&spectrum->position[1]);
    if (spectrum->position[2].source == MZG_FROM_NOWHERE || (is_by_user(&spectrum->position[2]) && !by_user))
        spectrum->position[2] = (struct mzg_index_number){MZG_FROM_USER, true, 1};
    bool usable = true;
    for (int d = 0; d < 3; d++) {
        const struct mzg_index_number *number = &spectrum->position[d];
        usable = usable && number->valid && number->value > INT32_MIN && number->value <= INT32_MAX;
        entry->position[d] = usable ? (int32_t)number->value : MZG_NO_COORDINATE;
    }
    if (usable) {
        if (is_by_user(&spectrum->position[0]) || is_by_user(&spectrum->position[1]))
            mzg_find(index->findings, MZG_FOUND_USER_POSITION, "spectrum %" PRId64,
                     mzg_index_ordinal(index) + 1);
        return;
    }
    for (int d = 0; d < 3; d++)
        entry->position[d] = MZG_NO_COORDINATE;
    entry->fault = MZG_ENTRY_OK;
    mzg_index_set_fault(entry, MZG_ENTRY_NO_POSITION, MZG_MZ);
    index->totals.n_without_position++;
    find_no_position(index);
}

/* Its level, from the kind of spectrum that it says it is where it states none. */
static void end_kind(struct mzg_index_spectrum *spectrum)
{
    int level = spectrum->ms_level;
    if (level == 0 && spectrum->is_ms1 != spectrum->is_msn)
        level = spectrum->is_ms1 ? 1 : 2;
    mzg_entry_set_kind(&spectrum->entry, level, spectrum->polarity);
}

/* Adds what the spectrum states of its m/z; an empty one says nothing of any. */
static void add_range(const struct mzg_index_spectrum *spectrum, struct mzg_kind_totals *totals)
{
    const struct mzg_imzml_entry *entry = &spectrum->entry;
    bool is_sound = entry->fault == MZG_ENTRY_OK;
    if (is_sound && entry->array[MZG_MZ].n == 0)
        return;
    if (!spectrum->low_source || !spectrum->high_source ||
        spectrum->low - spectrum->low_half_digit > spectrum->high + spectrum->high_half_digit) {
        totals->n_without_range = is_sound;
        return;
    }
    enum mzg_array_type type = mzg_entry_type(entry, MZG_MZ);
    double below = spectrum->low_half_digit + mzg_array_rounding(type, spectrum->low);
    double above = spectrum->high_half_digit + mzg_array_rounding(type, spectrum->high);
    totals->n_with_range = 1;
    totals->min_mz = spectrum->low - below;
    totals->max_mz = spectrum->high + above;
    totals->stated_mz[0] = spectrum->low - 2 * below;
    totals->stated_mz[1] = spectrum->high + 2 * above;
}

static void add_totals(struct mzg_imzml_index *index)
{
    const struct mzg_index_spectrum *spectrum = &index->spectrum;
    struct mzg_kind_totals one = {.n = 1};
    one.n_type[spectrum->type] = 1;
    add_range(spectrum, &one);
    mzg_kind_totals_add(
        &index->totals.kinds.of[mzg_entry_level(&spectrum->entry)][mzg_entry_polarity(&spectrum->entry)],
        &one);
}

static enum mzg_status end_spectrum(struct mzg_imzml_index *index, struct mzg_error *err)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    struct mzg_imzml_entry *entry = &spectrum->entry;
    index->in_spectrum = false;
    end_position(index);
    end_kind(spectrum);
    mzg_entry_check(entry, index->ibd_size);
    bool has_both = entry->format[MZG_MZ] != 0 && entry->format[MZG_INTENSITY] != 0;
    if (spectrum->n_other_arrays > 0 && has_both)
        mzg_find_many(index->findings, MZG_FOUND_EXTRA_ARRAY, spectrum->n_other_arrays,
                      "%s in spectrum %" PRId64, spectrum->other_array, mzg_index_ordinal(index) + 1);
    if (spectrum->mobility)
        mzg_find(index->findings, MZG_FOUND_MOBILITY, "%s in spectrum %" PRId64, spectrum->mobility,
                 mzg_index_ordinal(index) + 1);

    add_totals(index);
    return mzg_entry_list_append(&index->entries, entry, err);
}

enum mzg_status mzg_imzml_index_end(struct mzg_imzml_index *index, enum mzg_imzml_element element,
                                    struct mzg_error *err)
{
    switch (element) {
    case MZG_ELEMENT_BINARY_DATA_ARRAY:
        return index->spectrum.in_array ? mzg_index_end_array(index, err) : MZG_OK;
    case MZG_ELEMENT_SPECTRUM:
        return end_spectrum(index, err);
    default:
        return MZG_OK;
    }
}
