"""What mzgrid.thyra needs of Thyra 4.6.0, in its words, for tests without it; scripts/thyra has the real one."""

from types import SimpleNamespace

from .core.base_converter import PixelSizeSource
from .core.registry import CONVERTERS


class Reader:
    """Twelve spectra in a grid whose first corner is (5, 7) in the source."""

    data_path = "/data/run.d"
    has_ion_mobility = True
    has_precursor_spectra = False
    closed = 0

    def __init__(self, fails_at=None):
        self.fails_at = fails_at

    def get_essential_metadata(self):
        return SimpleNamespace(
            coordinate_offsets=(5, 7, 0), spectrum_type="centroid spectrum", pixel_size=(20.0, 10.0), n_spectra=12
        )

    def get_comprehensive_metadata(self):
        instrument = {"analyzer": "time-of-flight", "instrument_name": "timsTOF fleX", "a/b": "left out", "parts": [1]}
        return SimpleNamespace(instrument_info=instrument, acquisition_params={"polarity": "negative"})

    def get_optical_image_paths(self):
        return ["a.tif"]

    def iter_spectra(self):
        for i in range(12):
            if i == self.fails_at:
                raise OSError("the disk is gone")
            yield (i % 4, i // 4, 0), [300.0 + i, 400.0], [1.0, 2.0 + i]

    def close(self):
        self.closed += 1


def convert_msi(reader, output, format_type="spatialdata", pixel_size_um=None, **kwargs):
    source = PixelSizeSource.AUTO_DETECTED if pixel_size_um is None else PixelSizeSource.USER_PROVIDED
    converter = CONVERTERS[format_type](
        reader, output, pixel_size_um=pixel_size_um or 20.0, pixel_size_source=source, pixel_size_detection_info={},
        apply_optical_alignment=True, **kwargs,
    )  # fmt: skip
    return converter.convert()
