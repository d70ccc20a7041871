/* What moescope-validate says, word by word: protocol 1. Shared by the helper, which writes it, and the explorer, which
 * reads it; plain C with no includes, so that either side may take it alone.
 *
 * A record is one line of at most PROTOCOL_LINE_MAX bytes, its newline included, written by one write(2) to standard output:
 * the kind, then fields `key=value`, each behind a TAB. Inside values these are percent-escaped, with two upper-case hex
 * digits: '%', '=', and every byte below 0x20. Numbers are in the C locale with PROTOCOL_DIGITS significant digits; nan and
 * inf never appear: a field whose value is unknown is left out. A reader ignores kinds and keys that it does not know.
 * The first record is hello, the last is end; a stream without end was cut. */
#ifndef MOESCOPE_CUDA_PROTOCOL_H
#define MOESCOPE_CUDA_PROTOCOL_H

#define PROTOCOL_VERSION 1
#define PROTOCOL_VERSION_TEXT "1"
enum { PROTOCOL_LINE_MAX = 4096, PROTOCOL_DIGITS = 9 };

/* Something comes at least this often, telemetry when nothing else; progress and telemetry come no oftener than this. */
enum { PROTOCOL_SILENCE_MS = 500, PROTOCOL_PROGRESS_MS = 100, PROTOCOL_TELEMETRY_MS = 250 };

/* --- kinds, and their keys ([..]: may be absent) --------------------------------------------------------------------- */

/* proto helper backend(cpu|cuda) [build driver runtime] */
#define PROTOCOL_HELLO "hello"
/* level(quick|standard|full) budget_s experiments(ids, comma-separated) */
#define PROTOCOL_PLAN "plan"
/* device uuid kind(cpu|gpu) mem_bytes [mem_bw: bytes/s of the datasheet] [cores llc_bytes vm(0|1) sms clock_hz] [rate_bf16: FLOP/s] */
#define PROTOCOL_ENV "env"
/* exp title cases budget_s */
#define PROTOCOL_BEGIN "begin"
/* exp done total */
#define PROTOCOL_PROGRESS "progress"
/* exp case quantity(time) unit(s) value(median) p10 p90 best n [spread: of the second run, 0-1], and the shape as far as it
 * applies: op format m n k batch experts top_k hidden inter distinct assignments skew exponent heads kv_heads head_dim
 * context ranks bytes flop [scaled=1]. bytes is what must move once: the distinct experts of the ids really routed, scales,
 * activations; a copy counts as read + write. */
#define PROTOCOL_SAMPLE "sample"
/* exp case metric(relf|exact|sum) value limit status(ok|failed). Comes before the sample that it judges; a failed check voids
 * that sample: none is sent. */
#define PROTOCOL_CHECK "check"
/* exp name value unit: a derived headline */
#define PROTOCOL_RESULT "result"
/* exp class t0_s rate(bytes/s or FLOP/s) points held_out error_median error_p90 accepted(0|1): t = t0 + amount/rate */
#define PROTOCOL_FIT "fit"
/* [clock_hz power_w temperature_c throttle load] */
#define PROTOCOL_TELEMETRY "telemetry"
/* exp code text; exp is absent where the record belongs to no experiment */
#define PROTOCOL_WARN "warn"
#define PROTOCOL_SKIP "skip"
#define PROTOCOL_ERROR "error"
/* status code(exit status) experiments checks failed */
#define PROTOCOL_END "end"

/* --- words ----------------------------------------------------------------------------------------------------------- */

/* Experiments, in the order of the run: X(enumerator, id). */
#define PROTOCOL_EXPERIMENTS(X)                                                                                                \
    X(PROBE, "probe")                                                                                                          \
    X(STREAM, "stream")                                                                                                        \
    X(SWEEP, "sweep")                                                                                                          \
    X(GEMM, "gemm")                                                                                                            \
    X(GEMV, "gemv")                                                                                                            \
    X(DEQUANT, "dequant")                                                                                                      \
    X(ROUTING, "routing")                                                                                                      \
    X(COVERAGE, "coverage")                                                                                                    \
    X(EXPERTS, "experts")                                                                                                      \
    X(ATTENTION, "attention")                                                                                                  \
    X(LAUNCH, "launch")                                                                                                        \
    X(COLLECTIVES, "collectives")

/* What a fit predicts: X(enumerator, word). The amount is FLOP for gemm, bytes for the others. */
#define PROTOCOL_CLASSES(X)                                                                                                    \
    X(STREAM, "stream")                                                                                                        \
    X(GEMV, "gemv")                                                                                                            \
    X(DEQUANT_W4A16, "dequant_w4a16")                                                                                          \
    X(DEQUANT_FP8, "dequant_fp8")                                                                                              \
    X(EXPERTS, "experts")                                                                                                      \
    X(ATTENTION, "attention")                                                                                                  \
    X(MLA, "mla")                                                                                                              \
    X(GEMM, "gemm")                                                                                                            \
    X(ALLREDUCE, "allreduce")                                                                                                  \
    X(ALLTOALL, "alltoall")

/* Values of op in a sample. */
#define PROTOCOL_OPS(X)                                                                                                        \
    X(GEMM, "gemm")                                                                                                            \
    X(GEMV, "gemv")                                                                                                            \
    X(STREAM, "stream")                                                                                                        \
    X(DEQUANT, "dequant")                                                                                                      \
    X(EXPERTS, "experts")                                                                                                      \
    X(ATTENTION, "attention")                                                                                                  \
    X(MLA, "mla")                                                                                                              \
    X(ROUTING, "routing")                                                                                                      \
    X(LAUNCH, "launch")                                                                                                        \
    X(ALLREDUCE, "allreduce")                                                                                                  \
    X(ALLTOALL, "alltoall")

/* Values of skew in a sample: uniform, zipf (weight of rank r is r^-exponent), pareto (bounded, exponent a), file (a given
 * histogram), balanced (every expert the same number of rows, as far as that divides). */
#define PROTOCOL_SKEWS(X)                                                                                                      \
    X(UNIFORM, "uniform")                                                                                                      \
    X(ZIPF, "zipf")                                                                                                            \
    X(PARETO, "pareto")                                                                                                        \
    X(FILE, "file")                                                                                                            \
    X(BALANCED, "balanced")

/* Codes of warn, skip and error. */
#define PROTOCOL_CODES(X)                                                                                                      \
    X(NO_DRIVER, "no_driver")                                                                                                  \
    X(DRIVER_TOO_OLD, "driver_too_old")                                                                                        \
    X(NO_DEVICE, "no_device")                                                                                                  \
    X(BUSY, "busy")                                                                                                            \
    X(NOT_READY, "not_ready")                                                                                                  \
    X(NO_KERNEL_IMAGE, "no_kernel_image")                                                                                      \
    X(OOM, "oom")                                                                                                              \
    X(HW_ERROR, "hw_error")                                                                                                    \
    X(FAULT, "fault")                                                                                                          \
    X(TIMEOUT, "timeout")                                                                                                      \
    X(CANCELLED, "cancelled")                                                                                                  \
    X(UNSUPPORTED, "unsupported")                                                                                              \
    X(OVER_BUDGET, "over_budget")

/* How a run ends: X(enumerator, status of the end record, exit status). */
#define PROTOCOL_ENDS(X)                                                                                                       \
    X(COMPLETE, "complete", 0)                                                                                                 \
    X(USAGE, "usage", 2)                                                                                                       \
    X(PARTIAL, "partial", 3)                                                                                                   \
    X(NO_DEVICE, "no_device", 4)                                                                                               \
    X(HW_ERROR, "hw_error", 5)                                                                                                 \
    X(FAILED, "failed", 6)                                                                                                     \
    X(CANCELLED, "cancelled", 7)

#define PROTOCOL_ENUM2(name, word) , PROTOCOL_EXP_##name
enum protocol_experiment { PROTOCOL_EXP_NONE = -1 PROTOCOL_EXPERIMENTS(PROTOCOL_ENUM2), PROTOCOL_EXP_COUNT };
#undef PROTOCOL_ENUM2
#define PROTOCOL_ENUM2(name, word) PROTOCOL_CLASS_##name,
enum protocol_class { PROTOCOL_CLASSES(PROTOCOL_ENUM2) PROTOCOL_CLASS_COUNT };
#undef PROTOCOL_ENUM2
#define PROTOCOL_ENUM2(name, word) PROTOCOL_OP_##name,
enum protocol_op { PROTOCOL_OPS(PROTOCOL_ENUM2) PROTOCOL_OP_COUNT };
#undef PROTOCOL_ENUM2
#define PROTOCOL_ENUM2(name, word) PROTOCOL_SKEW_##name,
enum protocol_skew { PROTOCOL_SKEWS(PROTOCOL_ENUM2) PROTOCOL_SKEW_COUNT };
#undef PROTOCOL_ENUM2
#define PROTOCOL_ENUM2(name, word) PROTOCOL_CODE_##name,
enum protocol_code { PROTOCOL_CODES(PROTOCOL_ENUM2) PROTOCOL_CODE_COUNT };
#undef PROTOCOL_ENUM2
#define PROTOCOL_ENUM3(name, word, status) PROTOCOL_EXIT_##name = status,
enum protocol_exit { PROTOCOL_ENDS(PROTOCOL_ENUM3) PROTOCOL_EXIT_LIMIT };
#undef PROTOCOL_ENUM3

/* Names of result records and their units. */
#define PROTOCOL_READ "read_bytes_per_s"         /* best streaming read kernel, bytes/s */
#define PROTOCOL_COPY "copy_bytes_per_s"         /* read + write counted */
#define PROTOCOL_TRIAD "triad_bytes_per_s"       /* two reads + one write counted */
#define PROTOCOL_MEMCPY "memcpy_bytes_per_s"     /* the C library's copy, read + write counted */
#define PROTOCOL_GEMM_RATE "gemm_flop_per_s"     /* best prefill product */
#define PROTOCOL_WAKE "wake_s"                   /* one launch: on a CPU the wake-up of every thread and the barrier after it */

/* The environment variable that injects a fault, for tests: hang, crash, garbage, cutline, longline, newproto, nan, oom,
 * wrong or silent, and perhaps `:ID` of the experiment at whose start it strikes. */
#define PROTOCOL_FAULT_VARIABLE "MOESCOPE_VALIDATE_FAULT"

#endif
