#!/usr/bin/python3
"""Golden values for test_checksum.c: writes checksum_golden.h beside this script.

XXH64 with seed 0 of the first n bytes of 0, 37, 74, ... modulo 256, by libxxhash 0.8.1.
"""
import ctypes
import pathlib

library = ctypes.CDLL("libxxhash.so.0")
library.XXH64.restype = ctypes.c_uint64
library.XXH64.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]

data = bytes(37 * i % 256 for i in range(2000))
lines = [
    "/* Written by checksum.py: XXH64 of the first n bytes of 0, 37, 74, ... modulo 256. */",
    "static const struct\n{\n\tsize_t size;\n\tuint64_t checksum;\n} checksum_golden[] = {",
]
for size in list(range(70)) + [100, 256, 1000, 1999, 2000]:
    lines.append("    {%d, UINT64_C(0x%016x)}," % (size, library.XXH64(data, size, 0)))
lines.append("};")
pathlib.Path(__file__).with_name("checksum_golden.h").write_text("\n".join(lines) + "\n")
