// A target needs a source.
#include "CFuzzer.h"
