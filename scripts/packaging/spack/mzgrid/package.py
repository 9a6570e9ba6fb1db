# Copyright Spack Project Developers. See COPYRIGHT file for details.
#
# SPDX-License-Identifier: (Apache-2.0 OR MIT)

from spack_repo.builtin.build_systems.cmake import CMakePackage, generator

from spack.package import *


class Mzgrid(CMakePackage):
    """Resamples mass spectrometry imaging data (imzML) in parallel onto one mass axis, as a
    SpatialData Zarr store."""

    # There is no public place yet: see ../README.md.
    homepage = "https://example.org/mzgrid"
    git = "https://example.org/mzgrid.git"

    license("BSD-3-Clause", checked_by="mzgrid")

    version("main", branch="main")

    depends_on("c", type="build")
    depends_on("cmake@3.21:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")

    depends_on("mpi@3:")
    depends_on("hdf5@1.10.6:1.14+mpi")
    depends_on("hwloc@2.4:")
    depends_on("libxml2@2.9:")
    depends_on("jansson@2.10:")
    depends_on("libdeflate")
    depends_on("zstd")
    depends_on("c-blosc@1.21:")
    depends_on("openssl@1.1:")
    depends_on("cairo+fc+ft+png")
    depends_on("libpng@1.6:")
    depends_on("libtiff@4:")

    # The charts of reports; a file of JavaScript that becomes part of the program. It is npm's
    # package dygraphs.
    resource(
        name="dygraphs",
        url="https://example.org/dygraphs-2.2.1.tgz",
        sha256="f515549becffeb0912b0dffa963f7d42726818ca7ef5605bdd7707995742b7ec",
        destination="build",  # what git ignores in a checkout
        placement="dygraphs",
    )

    generator("ninja")

    def cmake_args(self):
        dygraphs = join_path(self.stage.source_path, "build", "dygraphs")
        return [
            self.define("BUILD_TESTING", self.run_tests),
            self.define("MZGRID_DYGRAPHS_JS", join_path(dygraphs, "dist", "dygraph.min.js")),
            self.define("MZGRID_DYGRAPHS_CSS", join_path(dygraphs, "dist", "dygraph.css")),
            self.define("MZGRID_DYGRAPHS_LICENCE", join_path(dygraphs, "LICENSE.txt")),
        ]

    def setup_run_environment(self, env: EnvironmentModifications) -> None:
        env.set("MZGRID_JOBS", join_path(self.prefix.share, "mzgrid", "jobs"))

    def test_convert(self):
        """a synthetic image becomes a store"""
        mzgrid = which(self.prefix.bin.mzgrid)
        mzgrid("convert", "synthetic:20x20:50", "test.zarr", "-q")
