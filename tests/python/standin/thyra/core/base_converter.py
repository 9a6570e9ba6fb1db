import enum
from pathlib import Path


class PixelSizeSource(enum.Enum):
    DEFAULT = "default"
    USER_PROVIDED = "manual"
    AUTO_DETECTED = "automatic"


class BaseMSIConverter:
    def __init__(
        self, reader, output_path, dataset_id="msi_dataset", pixel_size_um=1.0, pixel_size_source=PixelSizeSource.DEFAULT,
        compression_level=5, handle_3d=False, z_spacing_um=None, **kwargs,
    ):  # fmt: skip
        self.reader, self.output_path, self.dataset_id = reader, Path(output_path), dataset_id
        self.pixel_size_um, self.pixel_size_source, self.handle_3d = pixel_size_um, pixel_size_source, handle_3d
        self._z_spacing_um_arg = z_spacing_um
        self.store_complete = False

    def _mark_store_complete(self):
        self.store_complete = True
