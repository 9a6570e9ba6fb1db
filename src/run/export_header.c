#include <run/export_header.h>

#include <core/number.h>
#include <view/describe.h>

#include <inttypes.h>
#include <mzgrid/version.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MICROMETER "unitCvRef=\"UO\" unitAccession=\"UO:0000017\" unitName=\"micrometer\""

static enum mzg_status read_options(const struct mzg_view *view, const json_t *options,
                                    struct mzg_export_facts *facts, struct mzg_error *err)
{
    struct mzg_view_raster place;
    if (mzg_view_place(view, &place, err) != MZG_OK)
        return err->status;
    if (place.n_regions > 1)
        return mzg_fail(err, MZG_EUSAGE,
                        "%s: the table %s holds %zu regions, each with positions of its own; an imzML has "
                        "one image: choose the table of one sample by --dataset",
                        view->store, view->name, place.n_regions);
    const json_t *offset = json_object_get(options, "position_offset");
    if (place.in_micrometres) {
        facts->pixel_size[0] = place.size_x;
        facts->pixel_size[1] = place.size_y;
        for (size_t d = 0; d < 2; d++)
            facts->offset[d] = json_number_value(json_array_get(offset, d));
    }
    facts->ms_level = json_integer_value(json_object_get(options, "ms_level"));
    json_t *polarity = json_object_get(options, "polarity");
    if (polarity) {
        json_decref(facts->polarity);
        facts->polarity = json_incref(polarity);
    }
    return MZG_OK;
}

/* A column of var, if there is one of that name. */
static enum mzg_status digest_column(EVP_MD_CTX *hash, const struct mzg_view *view, const char *name,
                                     struct mzg_error *err)
{
    double *values = NULL;
    if (!mzg_view_has_column(view, "var", name))
        return MZG_OK;
    if (mzg_view_bins(view, name, &values, err) == MZG_OK)
        EVP_DigestUpdate(hash, values, (size_t)view->n_bins * sizeof *values);
    free(values);
    return err->status;
}

static enum mzg_status make_uuid(const struct mzg_view *view, const json_t *options, const json_t *input,
                                 struct mzg_export_facts *facts, struct mzg_error *err)
{
    static const char *const columns[] = {"mean_intensity", "max_intensity", "area"};
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    const int64_t numbers[] = {view->n_pixels, view->n_bins,   facts->is_continuous,
                               facts->is_wide, facts->most[0], facts->most[1]};
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    char *text = json_dumps(options, JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (!hash || !text) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to name its export", view->store);
    } else if (!EVP_DigestInit_ex(hash, EVP_sha1(), NULL)) {
        mzg_fail(err, MZG_EIO, "%s: the cryptographic library refuses to compute SHA-1", view->store);
    } else {
        const char *uuid = json_string_value(input);
        EVP_DigestUpdate(hash, text, strlen(text));
        EVP_DigestUpdate(hash, uuid ? uuid : "", uuid ? strlen(uuid) : 0);
        EVP_DigestUpdate(hash, view->name, strlen(view->name));
        EVP_DigestUpdate(hash, numbers, sizeof numbers);
        EVP_DigestUpdate(hash, view->mz, (size_t)view->n_bins * sizeof *view->mz);
        for (int i = 0; i < 3 && err->status == MZG_OK; i++)
            digest_column(hash, view, columns[i], err);
        EVP_DigestFinal_ex(hash, digest, NULL);
    }
    free(text);
    EVP_MD_CTX_free(hash);
    memcpy(facts->uuid, digest, MZG_IMZML_UUID);
    facts->uuid[6] = (uint8_t)((facts->uuid[6] & 0x0f) | 0x50); /* of a name, by SHA-1 */
    facts->uuid[8] = (uint8_t)((facts->uuid[8] & 0x3f) | 0x80);
    return err->status;
}

enum mzg_status mzg_export_facts_read(const struct mzg_view *view, struct mzg_export_facts *facts,
                                      struct mzg_error *err)
{
    json_t *options = NULL, *input = NULL;
    facts->table = view->name;
    if (mzg_view_tree(view, "uns/mzgrid/options", &options, err) == MZG_OK &&
        mzg_view_tree(view, "uns/imzml/uuid", &input, err) == MZG_OK &&
        mzg_view_tree(view, "uns/imzml/polarity", &facts->polarity, err) == MZG_OK &&
        mzg_view_tree(view, "uns/imzml/instruments", &facts->instruments, err) == MZG_OK &&
        mzg_view_tree(view, "uns/mzgrid/resampling/spectrum_type", &facts->spectrum_type, err) == MZG_OK &&
        read_options(view, options, facts, err) == MZG_OK)
        make_uuid(view, options, input, facts, err);
    json_decref(options);
    json_decref(input);
    return err->status;
}

void mzg_export_facts_destroy(struct mzg_export_facts *facts)
{
    json_decref(facts->polarity);
    json_decref(facts->spectrum_type);
    json_decref(facts->instruments);
    facts->polarity = facts->spectrum_type = facts->instruments = NULL;
}

static void put_term(FILE *xml, const char *accession, const char *name)
{
    fprintf(xml, "<cvParam cvRef=\"%.*s\" accession=\"%s\" name=\"%s\"/>\n", (int)strcspn(accession, ":"),
            accession, accession, name);
}

static void put_micrometres(FILE *xml, const char *accession, const char *name, double value)
{
    char number[40];
    mzg_number_print_exactly(number, sizeof number, value);
    fprintf(xml, "<cvParam cvRef=\"IMS\" accession=\"%s\" name=\"%s\" value=\"%s\" " MICROMETER "/>\n",
            accession, name, number);
}

/* Text as the value of an attribute; characters that XML does not know become blanks. */
static void put_text(FILE *xml, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"'", *text))
            fprintf(xml, "&#%d;", *text);
        else
            fputc((unsigned char)*text < ' ' ? ' ' : *text, xml);
    }
}

static bool says(const json_t *json, const char *word)
{
    const char *text = json_string_value(json);
    return text && strcmp(text, word) == 0;
}

/* What kind of spectra they all are: in the file's content, and in each spectrum. */
static void put_kind(FILE *xml, const struct mzg_export_facts *facts)
{
    if (facts->ms_level > 1)
        put_term(xml, "MS:1000580", "MSn spectrum");
    else
        put_term(xml, "MS:1000579", "MS1 spectrum");
    if (says(facts->spectrum_type, "centroid") || !json_is_string(facts->spectrum_type))
        put_term(xml, "MS:1000127", "centroid spectrum");
    else
        put_term(xml, "MS:1000128", "profile spectrum");
    if (says(facts->polarity, "positive"))
        put_term(xml, "MS:1000130", "positive scan");
    else if (says(facts->polarity, "negative"))
        put_term(xml, "MS:1000129", "negative scan");
}

static void put_content(FILE *xml, const struct mzg_export_facts *facts, const uint8_t *sha1)
{
    char uuid[37], digits[2 * MZG_IMZML_SHA1 + 1];
    mzg_imzml_uuid(facts->uuid, uuid);
    mzg_imzml_hex(digits, sha1, MZG_IMZML_SHA1);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<mzML xmlns=\"http://psi.hupo.org/ms/mzml\" "
          "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
          " xsi:schemaLocation=\"http://psi.hupo.org/ms/mzml "
          "http://psidev.info/files/ms/mzML/xsd/mzML1.1.0_idx.xsd\" version=\"1.1\">\n"
          "<cvList count=\"3\">\n"
          "<cv id=\"MS\" fullName=\"Proteomics Standards Initiative Mass Spectrometry Ontology\" "
          "version=\"4.1.257\" URI=\"https://raw.githubusercontent.com/HUPO-PSI/psi-ms-CV/master/"
          "psi-ms.obo\"/>\n"
          "<cv id=\"UO\" fullName=\"Unit Ontology\" version=\"09:04:2014\" "
          "URI=\"http://purl.obolibrary.org/obo/uo.obo\"/>\n"
          "<cv id=\"IMS\" fullName=\"Mass Spectrometry Imaging Ontology\" version=\"1.1.0\""
          " URI=\"https://raw.githubusercontent.com/imzML/imzML/master/imagingMS.obo\"/>\n"
          "</cvList>\n<fileDescription>\n<fileContent>\n",
          xml);
    put_kind(xml, facts);
    put_term(xml, facts->is_continuous ? "IMS:1000030" : "IMS:1000031",
             facts->is_continuous ? "continuous" : "processed");
    fprintf(xml,
            "<cvParam cvRef=\"IMS\" accession=\"IMS:1000080\" name=\"universally unique identifier\" "
            "value=\"{%s}\"/>\n"
            "<cvParam cvRef=\"IMS\" accession=\"IMS:1000091\" name=\"ibd SHA-1\" value=\"%s\"/>\n"
            "</fileContent>\n</fileDescription>\n",
            uuid, digits);
}

static void put_array(FILE *xml, const char *id, const char *term, bool is_wide)
{
    fprintf(xml, "<referenceableParamGroup id=\"%s\">\n%s", id, term);
    put_term(xml, is_wide ? "MS:1000523" : "MS:1000521", is_wide ? "64-bit float" : "32-bit float");
    put_term(xml, "MS:1000576", "no compression");
    fputs("<cvParam cvRef=\"IMS\" accession=\"IMS:1000101\" name=\"external data\" value=\"true\"/>\n"
          "</referenceableParamGroup>\n",
          xml);
}

static void put_groups(FILE *xml, const struct mzg_export_facts *facts)
{
    fputs("<referenceableParamGroupList count=\"3\">\n", xml);
    put_array(xml, "mzArray",
              "<cvParam cvRef=\"MS\" accession=\"MS:1000514\" name=\"m/z array\" unitCvRef=\"MS\" "
              "unitAccession=\"MS:1000040\" unitName=\"m/z\"/>\n",
              true);
    put_array(xml, "intensityArray",
              "<cvParam cvRef=\"MS\" accession=\"MS:1000515\" name=\"intensity array\" unitCvRef=\"MS\" "
              "unitAccession=\"MS:1000131\" unitName=\"number of detector counts\"/>\n",
              facts->is_wide);
    fputs("<referenceableParamGroup id=\"spectrum\">\n", xml);
    put_kind(xml, facts);
    if (facts->ms_level > 0)
        fprintf(xml,
                "<cvParam cvRef=\"MS\" accession=\"MS:1000511\" name=\"ms level\" value=\"%" PRId64 "\"/>\n",
                facts->ms_level);
    fputs("</referenceableParamGroup>\n</referenceableParamGroupList>\n", xml);
}

static void put_raster(FILE *xml, const struct mzg_export_facts *facts)
{
    static const struct {
        const char *count[2], *dimension[2], *size[2], *offset[2];
    } of[2] = {{{"IMS:1000042", "max count of pixels x"},
                {"IMS:1000044", "max dimension x"},
                {"IMS:1000046", "pixel size (x)"},
                {"IMS:1000053", "absolute position offset x"}},
               {{"IMS:1000043", "max count of pixels y"},
                {"IMS:1000045", "max dimension y"},
                {"IMS:1000047", "pixel size y"},
                {"IMS:1000054", "absolute position offset y"}}};
    fputs("<scanSettingsList count=\"1\">\n<scanSettings id=\"raster\">\n", xml);
    for (int d = 0; d < 2; d++) {
        if (facts->most[d] > 0)
            fprintf(xml, "<cvParam cvRef=\"IMS\" accession=\"%s\" name=\"%s\" value=\"%" PRId64 "\"/>\n",
                    of[d].count[0], of[d].count[1], facts->most[d]);
        if (facts->most[d] > 0 && facts->pixel_size[d] > 0)
            put_micrometres(xml, of[d].dimension[0], of[d].dimension[1],
                            (double)facts->most[d] * facts->pixel_size[d]);
        if (facts->pixel_size[d] > 0)
            put_micrometres(xml, of[d].size[0], of[d].size[1], facts->pixel_size[d]);
    }
    for (int d = 0; d < 2; d++)
        if (facts->offset[0] != 0 || facts->offset[1] != 0)
            put_micrometres(xml, of[d].offset[0], of[d].offset[1], facts->offset[d]);
    fputs("</scanSettings>\n</scanSettingsList>\n", xml);
}

static void put_history(FILE *xml, const struct mzg_export_facts *facts)
{
    fputs("<instrumentConfigurationList count=\"1\">\n<instrumentConfiguration id=\"instrument\">\n", xml);
    for (size_t i = 0; i < json_array_size(facts->instruments); i++) {
        const char *term = json_string_value(json_array_get(facts->instruments, i));
        fputs("<userParam name=\"instrument of the input\" value=\"", xml);
        put_text(xml, term ? term : "");
        fputs("\"/>\n", xml);
    }
    fputs("</instrumentConfiguration>\n</instrumentConfigurationList>\n"
          "<dataProcessingList count=\"1\">\n<dataProcessing id=\"export\">\n"
          "<processingMethod order=\"1\" softwareRef=\"mzgrid\">\n"
          "<cvParam cvRef=\"MS\" accession=\"MS:1000544\" name=\"Conversion to mzML\"/>\n"
          "<userParam name=\"exported table\" value=\"",
          xml);
    put_text(xml, facts->table);
    fprintf(xml,
            "\"/>\n</processingMethod>\n</dataProcessing>\n</dataProcessingList>\n"
            "<run id=\"run\" defaultInstrumentConfigurationRef=\"instrument\">\n"
            "<spectrumList count=\"%" PRId64 "\" defaultDataProcessingRef=\"export\">\n",
            facts->n_spectra);
}

char *mzg_export_header(const struct mzg_export_facts *facts, const uint8_t sha1[MZG_IMZML_SHA1])
{
    char *text = NULL;
    size_t size = 0;
    FILE *xml = open_memstream(&text, &size);
    if (!xml)
        return NULL;
    put_content(xml, facts, sha1);
    put_groups(xml, facts);
    fprintf(xml,
            "<softwareList count=\"1\">\n<software id=\"mzgrid\" version=\"%s\">\n"
            "<cvParam cvRef=\"MS\" accession=\"MS:1000799\" name=\"custom unreleased software tool\" "
            "value=\"mzgrid\"/>\n</software>\n</softwareList>\n",
            mzg_version());
    put_raster(xml, facts);
    put_history(xml, facts);
    bool is_whole = !ferror(xml);
    if (fclose(xml) != 0 || !is_whole) {
        free(text);
        return NULL;
    }
    return text;
}
