# The validation helper with its CUDA backend, by nothing but nvcc, its C compiler and make, from the root of the source tree:
#   make -f cuda/standalone.mk [CUDA=/usr/local/cuda] [GENCODE='-gencode arch=compute_90,code=sm_90'] [OUT=build-standalone]
CUDA ?= $(patsubst %/bin/nvcc,%,$(firstword $(wildcard $(shell command -v nvcc 2>/dev/null) /usr/local/cuda/bin/nvcc)))
OUT ?= build-standalone
CC = gcc
NVCC = $(CUDA)/bin/nvcc
TARGETS := $(shell $(NVCC) --list-gpu-arch 2>/dev/null | sed -n 's/^compute_//p' | sort -n | awk '$$1 >= 75 && $$1 <= 121')
GENCODE ?= $(foreach t,$(TARGETS) $(if $(filter 90,$(TARGETS)),90a),-gencode arch=compute_$(t),code=sm_$(t)) \
	-gencode arch=compute_$(lastword $(TARGETS)),code=compute_$(lastword $(TARGETS))
CUDART = $(firstword $(wildcard $(CUDA)/lib64/libcudart_static.a $(CUDA)/lib/libcudart_static.a $(CUDA)/targets/*/lib/libcudart_static.a))

KERNELS := $(wildcard cuda/kernels/*.cu)
SOURCES := $(filter-out cuda/mpi_backend.c,$(wildcard cuda/*.c))
X86 := $(shell uname -m | grep -x x86_64)
OBJECTS = $(SOURCES:%.c=$(OUT)/%.o) $(KERNELS:%.cu=$(OUT)/%.cu.o) $(if $(X86),$(OUT)/avx2.o $(OUT)/avx512.o)
CFLAGS = -O2 -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE=1 -I. -isystem $(CUDA)/include -DWITH_CUDA=1 $(if $(X86),-DWITH_X86_KERNELS=1) \
	$(if $(wildcard $(CUDA)/include/cublasLt.h),-DWITH_CUBLASLT=1) $(CFLAGS)
KERNELS_CFLAGS = -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math -fno-signed-zeros
AVX2 = -mavx2 -mfma -mf16c

$(OUT)/moescope-validate: $(OBJECTS)
	$(CC) -o $@ $^ $(CUDART) -lm -ldl -lrt -lpthread

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(if $(filter cuda/cpu_kernels.c,$<),$(KERNELS_CFLAGS)) -MD -MP -c $< -o $@

$(OUT)/avx2.o $(OUT)/avx512.o: cuda/cpu_kernels.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(KERNELS_CFLAGS) $(AVX2) $(if $(findstring 512,$@),-mavx512f -mavx512bw -mavx512vl -mavx512dq) -MD -MP -c $< -o $@

$(OUT)/%.cu.o: %.cu
	@mkdir -p $(@D)
	$(NVCC) -ccbin $(CC) -O3 -std=c++17 --threads 2 -Werror all-warnings -Xcompiler -fno-threadsafe-statics,-fno-exceptions,-fno-rtti \
		$(GENCODE) -I. -MD -MP -MF $@.d -c $< -o $@

-include $(SOURCES:%.c=$(OUT)/%.d) $(KERNELS:%.cu=$(OUT)/%.cu.o.d)
