from types import SimpleNamespace

FIELDS = ["target_bins", "mass_width_da", "min_mz", "max_mz", "gap_tolerance_da", "tof_a", "tof_b", "bins_per_fwhm"]
FIELDS += ["mass_axis_sha256"]


def normalize_resampling_config(config):
    enums = {
        name: SimpleNamespace(value=config[name]) if config.get(name) else None for name in ("method", "axis_type")
    }
    return SimpleNamespace(**{**dict.fromkeys(FIELDS), "reference_mz": 1000.0, **config, **enums})
