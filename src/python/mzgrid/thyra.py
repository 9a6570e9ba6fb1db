"""mzgrid as a converter of Thyra, so that what Thyra opens (Bruker, Waters and others) gets mzgrid's axis and store.

    import mzgrid.thyra
    import thyra

    thyra.convert_msi("run.d", "run.zarr", format_type="mzgrid")

Importing this registers the converter with mzgrid's defaults; :func:`register` takes options of mzgrid.convert instead.
Without Thyra, importing it is an ImportError that says what to install."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

from ._errors import MzgridError, UsageError
from ._extras import require
from ._options import Options

require("thyra", "thyra")

from thyra.core.base_converter import BaseMSIConverter, PixelSizeSource  # noqa: E402
from thyra.core.registry import register_converter  # noqa: E402
from thyra.resampling.axis_planner import normalize_resampling_config  # noqa: E402

logger = logging.getLogger(__name__)
FORMAT = "mzgrid"


class MzgridConverter(BaseMSIConverter):  # type: ignore[misc]
    """Built and run by ``thyra.convert_msi(..., format_type="mzgrid")``. Failures are logged, and `convert` returns False,
    as with Thyra's own converters."""

    mzgrid_options: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self,
        reader: Any,
        output_path: str | os.PathLike[str],
        *,
        resampling_config: Any = None,
        include_optical: bool = True,
        sample_id: str | None = None,
        sample_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(reader, output_path, **kwargs)
        self.resampling_config = resampling_config
        self.include_optical = include_optical
        self.sample = {"sample_id": sample_id, "sample_name": sample_name}

    def convert(self) -> bool:
        from ._convert import convert_reader
        from ._feed import open_thyra

        try:
            self.reader._quiet_mode = True
            options = self.options_of_run()
            self.tell_what_is_left()
            source = open_thyra(self.reader, {key: value for key, value in self.sample.items() if value})
            progress = bool(options.pop("progress"))
            convert_reader(source, os.fspath(self.output_path), None, progress, options, logger.warning)
            self._mark_store_complete()
        except KeyboardInterrupt:
            logger.error("Conversion interrupted. Nothing was written.")
        except MzgridError as fault:
            logger.error("%s", fault)
            logger.debug("%s", traceback.format_exc())
        except Exception as fault:
            if type(fault).__name__ == "ConversionRefused":  # a sentence of Thyra
                logger.error("%s", str(fault))
            else:
                logger.error(
                    "Error during conversion: %s\n%s", str(fault) or type(fault).__name__, traceback.format_exc()
                )
        finally:
            self.reader.close()
        return bool(self.store_complete)

    def options_of_run(self) -> dict[str, Any]:
        """Thyra's arguments as options of mzgrid.convert; what `register` was given comes first."""
        options: dict[str, Any] = {"dataset_id": self.dataset_id, **axis_options(self.resampling_config)}
        if self.pixel_size_source == PixelSizeSource.USER_PROVIDED:
            options["pixel_size"] = self.pixel_size_um
        if self.handle_3d and self._z_spacing_um_arg is not None:
            options["z_spacing"] = self._z_spacing_um_arg
        return {**options, "memory_limit": None, "dry_run": False, "progress": True, **self.mzgrid_options}

    def tell_what_is_left(self) -> None:
        """What Thyra's own store has, and mzgrid's has not."""
        left = []
        if self.include_optical and self.reader.get_optical_image_paths():
            left.append("optical images")
        if self.reader.has_ion_mobility:
            left.append("ion mobility, over which intensities are added")
        if self.reader.has_precursor_spectra:
            left.append("spectra by precursor")
        if left:
            logger.warning("Not in the store of mzgrid: %s", "; ".join(left))

    def _create_data_structures(self) -> Any:
        raise NotImplementedError("mzgrid has its own")

    def _save_output(self, state: Any) -> bool:
        raise NotImplementedError("mzgrid writes the store itself")


def axis_options(config: Any) -> dict[str, Any]:
    """A resampling_config of Thyra as options. Without one mzgrid chooses axis and method by the data."""
    if config is None:
        return {}
    asked = normalize_resampling_config(config)
    if asked.mass_axis_sha256 is not None:
        raise UsageError(
            "a mass axis plan is for axes of Thyra, whose centres lie elsewhere; mzgrid shares axes by mass_axis_file, see "
            "mzgrid.thyra.register"
        )
    for name in ("gap_tolerance_da", "bins_per_fwhm"):
        if getattr(asked, name) is not None:
            raise UsageError(f"{name} is not known to mzgrid; see max_gap and bin_width of mzgrid.thyra.register")
    method = asked.method.value if asked.method is not None else "auto"
    options = {
        "mass_axis_type": asked.axis_type.value if asked.axis_type is not None else None,
        "interpolation_method": None if method in ("auto", "none") else method,
        "bins": asked.target_bins,
        "bin_width": asked.mass_width_da,
        "reference_mz": asked.reference_mz if asked.mass_width_da is not None else None,
        "min_mz": asked.min_mz,
        "max_mz": asked.max_mz,
        "tof_law": (asked.tof_a, asked.tof_b) if asked.tof_a is not None else None,
    }
    if method == "none":
        options["mass_axis_type"] = "native"
    return {name: value for name, value in options.items() if value is not None}


def register(
    *, memory_limit: str | int | None = None, progress: bool = True, **options: Unpack[Options]
) -> type[MzgridConverter]:
    """Registers the converter "mzgrid" anew, with these options of :func:`mzgrid.convert` for all that it converts, such
    as ``register(layout="csc+csr", memory_limit="8G")``. They go before what Thyra's arguments say."""
    given = {"memory_limit": memory_limit, "progress": progress, **options}
    made = type("MzgridConverter", (MzgridConverter,), {"mzgrid_options": given, "__doc__": MzgridConverter.__doc__})
    register_converter(FORMAT)(made)
    return made


register()

__all__ = ["MzgridConverter", "register"]
