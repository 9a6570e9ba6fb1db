/* The words of a synthetic imzML. Terms that are the same for every spectrum stand in referenceable groups.
 */
#include <synthetic/imzml_text.h>

#include <inttypes.h>
#include <stdio.h>

#define MICROMETER "unitCvRef=\"UO\" unitAccession=\"UO:0000017\" unitName=\"micrometer\""

static const char header_format[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<mzML xmlns=\"http://psi.hupo.org/ms/mzml\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
    " xsi:schemaLocation=\"http://psi.hupo.org/ms/mzml "
    "http://psidev.info/files/ms/mzML/xsd/mzML1.1.0_idx.xsd\""
    " version=\"1.1\">\n"
    "<cvList count=\"3\">\n"
    "<cv id=\"MS\" fullName=\"Proteomics Standards Initiative Mass Spectrometry Ontology\" "
    "version=\"4.1.257\""
    " URI=\"https://raw.githubusercontent.com/HUPO-PSI/psi-ms-CV/master/psi-ms.obo\"/>\n"
    "<cv id=\"UO\" fullName=\"Unit Ontology\" version=\"09:04:2014\" "
    "URI=\"http://purl.obolibrary.org/obo/uo.obo\"/>\n"
    "<cv id=\"IMS\" fullName=\"Mass Spectrometry Imaging Ontology\" version=\"1.1.0\""
    " URI=\"https://raw.githubusercontent.com/imzML/imzML/master/imagingMS.obo\"/>\n"
    "</cvList>\n"
    "<fileDescription>\n"
    "<fileContent>\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000579\" name=\"MS1 spectrum\"/>\n"
    "%s"
    "%s"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000080\" name=\"universally unique identifier\" "
    "value=\"{%s}\"/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000091\" name=\"ibd SHA-1\" value=\"%s\"/>\n"
    "</fileContent>\n"
    "</fileDescription>\n"
    "<referenceableParamGroupList count=\"3\">\n"
    "<referenceableParamGroup id=\"mzArray\">\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000514\" name=\"m/z array\" unitCvRef=\"MS\" "
    "unitAccession=\"MS:1000040\""
    " unitName=\"m/z\"/>\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000523\" name=\"64-bit float\"/>\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000576\" name=\"no compression\"/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000101\" name=\"external data\" value=\"true\"/>\n"
    "</referenceableParamGroup>\n"
    "<referenceableParamGroup id=\"intensityArray\">\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000515\" name=\"intensity array\" unitCvRef=\"MS\""
    " unitAccession=\"MS:1000131\" unitName=\"number of detector counts\"/>\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000521\" name=\"32-bit float\"/>\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000576\" name=\"no compression\"/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000101\" name=\"external data\" value=\"true\"/>\n"
    "</referenceableParamGroup>\n"
    "<referenceableParamGroup id=\"spectrum\">\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000579\" name=\"MS1 spectrum\"/>\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000511\" name=\"ms level\" value=\"1\"/>\n"
    "%s"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000130\" name=\"positive scan\"/>\n"
    "</referenceableParamGroup>\n"
    "</referenceableParamGroupList>\n"
    "<softwareList count=\"1\">\n"
    "<software id=\"mzgrid\" version=\"" MZG_VERSION "\">\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000799\" name=\"custom unreleased software tool\" "
    "value=\"mzgrid\"/>\n"
    "</software>\n"
    "</softwareList>\n"
    "<scanSettingsList count=\"1\">\n"
    "<scanSettings id=\"raster\">\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000401\" name=\"top down\"/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000413\" name=\"flyback\"/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000480\" name=\"horizontal line scan\"/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000491\" name=\"linescan left right\"/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000042\" name=\"max count of pixels x\" value=\"%" PRId64
    "\"/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000043\" name=\"max count of pixels y\" value=\"%" PRId64
    "\"/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000044\" name=\"max dimension x\" value=\"%" PRId64
    "\" " MICROMETER "/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000045\" name=\"max dimension y\" value=\"%" PRId64
    "\" " MICROMETER "/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000046\" name=\"pixel size (x)\" value=\"%d\" " MICROMETER "/>\n"
    "<cvParam cvRef=\"IMS\" accession=\"IMS:1000047\" name=\"pixel size y\" value=\"%d\" " MICROMETER "/>\n"
    "</scanSettings>\n"
    "</scanSettingsList>\n"
    "<instrumentConfigurationList count=\"1\">\n"
    "<instrumentConfiguration id=\"instrument\">\n"
    "<userParam name=\"synthetic data\" value=\"mzgrid generate, kind %s, %" PRId64 " points, seed %" PRIu64
    "\"/>\n"
    "<componentList count=\"3\">\n"
    "<source order=\"1\">\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000075\" name=\"matrix-assisted laser desorption ionization\"/>\n"
    "</source>\n"
    "<analyzer order=\"2\">\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000084\" name=\"time-of-flight\"/>\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000106\" name=\"reflectron on\"/>\n"
    "</analyzer>\n"
    "<detector order=\"3\">\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000114\" name=\"microchannel plate detector\"/>\n"
    "</detector>\n"
    "</componentList>\n"
    "</instrumentConfiguration>\n"
    "</instrumentConfigurationList>\n"
    "<dataProcessingList count=\"1\">\n"
    "<dataProcessing id=\"generation\">\n"
    "<processingMethod order=\"1\" softwareRef=\"mzgrid\">\n"
    "<cvParam cvRef=\"MS\" accession=\"MS:1000544\" name=\"Conversion to mzML\"/>\n"
    "</processingMethod>\n"
    "</dataProcessing>\n"
    "</dataProcessingList>\n"
    "<run id=\"run\" defaultInstrumentConfigurationRef=\"instrument\">\n"
    "<spectrumList count=\"%" PRId64 "\" defaultDataProcessingRef=\"generation\">\n";

char *mzg_imzml_header(const struct mzg_synthetic_options *options, int64_t n_spectra,
                       const uint8_t uuid[MZG_IMZML_UUID], const uint8_t sha1[MZG_IMZML_SHA1])
{
    char uuid_digits[37], sha1_digits[2 * MZG_IMZML_SHA1 + 1];
    mzg_imzml_uuid(uuid, uuid_digits);
    mzg_imzml_hex(sha1_digits, sha1, MZG_IMZML_SHA1);
    const char *type = options->kind == MZG_SYNTHETIC_CENTROID
                           ? "<cvParam cvRef=\"MS\" accession=\"MS:1000127\" name=\"centroid spectrum\"/>\n"
                           : "<cvParam cvRef=\"MS\" accession=\"MS:1000128\" name=\"profile spectrum\"/>\n";
    const char *mode = options->kind == MZG_SYNTHETIC_CONTINUOUS
                           ? "<cvParam cvRef=\"IMS\" accession=\"IMS:1000030\" name=\"continuous\"/>\n"
                           : "<cvParam cvRef=\"IMS\" accession=\"IMS:1000031\" name=\"processed\"/>\n";
    char *text = NULL;
    int length = asprintf(&text, header_format, type, mode, uuid_digits, sha1_digits, type, options->width,
                          options->height, options->width * MZG_SYNTHETIC_PIXEL_SIZE,
                          options->height * MZG_SYNTHETIC_PIXEL_SIZE, MZG_SYNTHETIC_PIXEL_SIZE,
                          MZG_SYNTHETIC_PIXEL_SIZE, mzg_synthetic_kind_name(options->kind), options->points,
                          options->seed, n_spectra);
    return length < 0 ? NULL : text;
}
