#!/bin/sh
# The CUDA helper where there is a compiler but perhaps no GPU: kernels do not spill, read 16 bytes at a time, and the helper
# says in records why there is no device.
set -eu
[ -n "${NVCC:-}" ] && [ "$NVCC" != no ] || { echo "skipped: no nvcc"; exit 77; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
fail() { echo "FAIL: $*"; exit 1; }

for kernel in stream skinny attention experts; do
    file=$abs_srcdir/cuda/kernels/$kernel.cu
    "$NVCC" -std=c++17 -O3 -I"$abs_srcdir" -gencode arch=compute_90,code=sm_90 -Xptxas -v --keep --keep-dir "$out" -c "$file" -o "$out/$kernel.o" >"$out/$kernel.log" 2>&1 ||
        fail "$kernel.cu does not compile: $(cat "$out/$kernel.log")"
    grep 'spill' "$out/$kernel.log" | grep -v ' 0 bytes spill stores, 0 bytes spill loads' && fail "$kernel.cu spills registers"
    grep -Eq 'ld\.global\.cs\.v(4\.(b|u)32|2\.(b|u)64)' "$out/$kernel.ptx" || fail "$kernel.cu: no streaming load of 16 bytes in its PTX"
done

status=0
CUDA_VISIBLE_DEVICES='' "$abs_builddir/moescope-validate" --backend cuda --level quick </dev/null >"$out/records" || status=$?
[ "$status" -eq 4 ] || fail "exit status $status without a device, not 4"
head -n 1 "$out/records" | grep -q '^hello	proto=1	.*backend=cuda' || fail "first record: $(head -n 1 "$out/records")"
grep -Eq '^error	code=no_(driver|device)	text=.' "$out/records" || fail "no error record: $(cat "$out/records")"
tail -n 1 "$out/records" | grep -q '^end	status=no_device	code=4' || fail "last record: $(tail -n 1 "$out/records")"
# a sanitizer brings a library of C++'s of its own
if command -v ldd >/dev/null && ! ldd "$abs_builddir/moescope-validate" | grep -q libasan; then
    ldd "$abs_builddir/moescope-validate" | grep -E 'libcuda|libcublas|libnvidia|libstdc' && fail "needs a library of CUDA's or C++'s to start"
fi
ldd "$abs_builddir/moescope" | grep -E 'cuda|nvidia' && fail "the explorer needs CUDA"
exit 0
