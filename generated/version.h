/* The version of this build, from CMakeLists.txt. */
#ifndef MZG_VERSION_H
#define MZG_VERSION_H

#define MZG_VERSION "0.1.0"

#endif
