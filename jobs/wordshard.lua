-- SPDX-License-Identifier: Apache-2.0
-- Module file for Lmod: copy it to MODULES/wordshard/VERSION.lua, where MODULES is in MODULEPATH
-- (module use MODULES), and set prefix to what was given to cmake --install.
local prefix = "/path/to/wordshard"

whatis("wordshard: word embeddings on clusters")
help("wordshard help; launch scripts are in " .. pathJoin(prefix, "share/wordshard/jobs"))

-- The ones it was built with, by your site's names.
depends_on("openmpi")
depends_on("hdf5-mpi")
depends_on("openblas")
depends_on("scalapack")

prepend_path("PATH", pathJoin(prefix, "bin"))
-- Small libraries in a prefix of your own:
-- prepend_path("LD_LIBRARY_PATH", pathJoin(prefix, "lib"))
setenv("WORDSHARD_JOBS", pathJoin(prefix, "share/wordshard/jobs"))
