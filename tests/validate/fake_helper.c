/* A helper that measures nothing: it prints the records of a machine made up of two numbers, 20 GB/s and 200 GFLOP/s, and of
 * fixed times, or does what a broken helper does. `fake_helper MODE ...`: the rest of the arguments is the protocol's. */
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double BANDWIDTH = 20e9, RATE = 200e9;
static const char *mode;
static volatile sig_atomic_t told;

static int is(const char *m) {
    return strcmp(mode, m) == 0;
}

static void on_term(int sig) {
    (void)sig;
    told = 1;
}

static void hello(int proto) {
    printf("hello\tproto=%d\thelper=0.1.0-fake\tbackend=cpu\tdriver=%s\n", proto, is("otherdriver") ? "9.9" : "1.0");
    printf("plan\tlevel=quick\tbudget_s=%s\texperiments=stream,gemm,gemv,dequant,experts,attention,launch\n",
           is("hang") || is("silent") ? "0.1" : "20");
    printf("env\tdevice=Fake CPU\tuuid=%s\tkind=cpu\tmem_bytes=1.28e11\tcores=2\tllc_bytes=3.2e7\tvm=1\n",
           is("otherdevice") ? "fake-2" : "fake-1");
    fflush(stdout);
}

static void sample(const char *exp, const char *name, double seconds, const char *shape) {
    printf("check\texp=%s\tcase=%s\tmetric=relf\tvalue=1e-4\tlimit=0.005\tstatus=ok\n", exp, name);
    printf("sample\texp=%s\tcase=%s\tquantity=time\tunit=s\tvalue=%.9g\tp10=%.9g\tp90=%.9g\tbest=%.9g\tn=21\t%s\n", exp, name,
           seconds, 0.98 * seconds, 1.05 * seconds, 0.97 * seconds, shape);
}

static void stream(void) {
    printf("begin\texp=stream\ttitle=Streaming\tcases=4\tbudget_s=2\n");
    for (int i = 0; i < 6; i++) {
        char name[32], shape[96];
        double bytes = 2.56e8 * (1 << i);
        snprintf(name, sizeof name, "read %d MB", 256 << i);
        snprintf(shape, sizeof shape, "op=stream\tbytes=%.9g", bytes);
        sample("stream", name, 5e-6 + bytes / BANDWIDTH, shape);
    }
    printf("result\texp=stream\tname=read_bytes_per_s\tvalue=%.9g\tunit=bytes/s\n", BANDWIDTH);
}

static void product(const char *exp, const char *op, const char *format, double weight, int m, int n, int k) {
    char name[64], shape[200];
    double bytes = weight * n * k + 2.0 * m * k + 2.0 * m * n, flop = 2.0 * m * n * k;
    snprintf(name, sizeof name, "%s %dx%dx%d", format, m, n, k);
    snprintf(shape, sizeof shape, "op=%s\tformat=%s\tm=%d\tn=%d\tk=%d\tbytes=%.9g\tflop=%.9g", op, format, m, n, k, bytes, flop);
    sample(exp, name, 3e-5 + fmax(bytes / (0.9 * BANDWIDTH), flop / (0.8 * RATE)), shape);
}

static void products(void) {
    static const int side[] = {2048, 3072, 4096, 6144, 8192};
    printf("begin\texp=gemm\ttitle=Prefill products\tcases=5\tbudget_s=2\n");
    for (int i = 0; i < 5; i++)
        product("gemm", "gemm", "bf16", 2, 2048, side[i], 4096);
    printf("result\texp=gemm\tname=gemm_flop_per_s\tvalue=%.9g\tunit=FLOP/s\n", RATE);
    printf("begin\texp=gemv\ttitle=Dense decode\tcases=15\tbudget_s=2\n");
    for (int i = 0; i < 5; i++)
        for (int m = 1; m <= 4; m *= 2)
            product("gemv", "gemv", "bf16", 2, m, side[i], 4096);
    printf("fit\texp=gemv\tclass=gemv\tt0_s=3e-5\trate=%.9g\tpoints=15\theld_out=5\terror_median=0.01\terror_p90=0.02\taccepted=1\n",
           0.9 * BANDWIDTH);
    printf("begin\texp=dequant\ttitle=4-bit weights\tcases=5\tbudget_s=2\n");
    for (int i = 0; i < 5; i++)
        product("dequant", "dequant", "int4-gptq-sym-g128", 0.516, 1, side[i], 4096);
}

static void layer(const char *what, int batch, int experts, int top_k, int inter, double distinct, const char *skew) {
    char name[64], shape[240];
    double bytes = distinct * 3 * 4096.0 * inter * 2;
    snprintf(name, sizeof name, "%s, batch %d", what, batch);
    snprintf(shape, sizeof shape, "op=experts\tformat=bf16\tbatch=%d\texperts=%d\ttop_k=%d\thidden=4096\tinter=%d\t"
             "distinct=%.9g\tassignments=%d\tskew=%s\tbytes=%.9g\tscaled=1", batch, experts, top_k, inter, distinct,
             top_k * batch, skew, bytes);
    double flop = 2 * 3 * 4096.0 * inter * top_k * batch;
    sample("experts", name, 6e-5 + fmax(bytes / (0.85 * BANDWIDTH), flop / (0.7 * RATE)), shape);
}

/* Distinct experts of `batch` tokens that take 2 of 8: balanced, or fewer where they are skewed; and a dense layer as wide as
 * two of them. */
static void experts(void) {
    printf("begin\texp=experts\ttitle=Experts\tcases=18\tbudget_s=2\n");
    for (int batch = 1; batch <= 32; batch *= 2) {
        layer("balanced", batch, 8, 2, 3584, fmin(8, 2 * batch), "balanced");
        layer("zipf 1.2", batch, 8, 2, 3584, fmin(8, 8 * (1 - pow(0.75, batch))), "zipf\texponent=1.2");
        layer("dense, equal active", batch, 1, 1, 7168, 1, "balanced");
    }
}

static void attention(void) {
    printf("begin\texp=attention\ttitle=Attention\tcases=8\tbudget_s=2\n");
    for (int batch = 8; batch <= 64; batch *= 2)
        for (int context = 4096; context <= 8192; context *= 2) {
            char name[64], shape[200];
            double bytes = (double)batch * context * 8 * 2 * 128 * 2;
            snprintf(name, sizeof name, "batch %d, context %d", batch, context);
            snprintf(shape, sizeof shape, "op=attention\tformat=kv-16\tbatch=%d\tcontext=%d\theads=32\tkv_heads=8\thead_dim=128\t"
                     "bytes=%.9g", batch, context, bytes);
            sample("attention", name, 2e-5 + bytes / (0.8 * BANDWIDTH), shape);
        }
}

static void launch(void) {
    printf("begin\texp=launch\ttitle=Launches\tcases=3\tbudget_s=1\n");
    for (int i = 1; i <= 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "chain of %d", 100 * i);
        sample("launch", name, 5e-6, "op=launch");
    }
}

/* What a broken helper does in the middle. */
static void misbehave(void) {
    if (is("crash"))
        raise(SIGSEGV);
    if (is("killed"))
        raise(SIGKILL);
    if (is("status"))
        fprintf(stderr, "first line\nno such symbol\n"), exit(9);
    if (is("garbage"))
        printf("\001\002 what is this\n");
    if (is("longline"))
        printf("result\texp=gemm\tname=%05000d\tvalue=1\n", 0);
    if (is("nan"))
        printf("sample\texp=gemm\tcase=x\tquantity=time\tunit=s\tvalue=nan\top=gemm\n");
    if (is("negative"))
        printf("sample\texp=gemm\tcase=x\tquantity=time\tunit=s\tvalue=-1\top=gemm\n");
    if (is("unknown"))
        printf("colour\texp=gemm\tpretty=yes\nresult\texp=gemm\tname=x\tvalue=1\tcolour=red\n");
    if (is("cutline")) {
        printf("sample\texp=gemm\tcase=x\tqua");
        fflush(stdout);
        exit(0);
    }
    if (is("oom")) {
        printf("error\texp=gemm\tcode=oom\ttext=8.6 GB of weights do not fit\nend\tstatus=hw_error\tcode=5\n");
        fflush(stdout);
        exit(5);
    }
    if (is("skips"))
        printf("skip\texp=dequant\tcode=oom\ttext=does not fit\n");
    if (is("wrong")) /* and the number all the same: it must not be believed */
        printf("check\texp=gemv\tcase=x\tmetric=relf\tvalue=0.3\tlimit=0.005\tstatus=failed\n"
               "sample\texp=gemv\tcase=x\tquantity=time\tunit=s\tvalue=1e-9\top=gemv\tm=1\tk=4096\tflop=33554432\n");
    fflush(stdout);
    while (is("silent") || is("hang") || is("slow") || is("stubborn")) {
        if (told && !is("hang") && !is("stubborn"))
            break;
        if (!is("silent") && !is("hang"))
            printf("telemetry\tload=1\n");
        fflush(stdout);
        struct pollfd in = {.fd = 0, .events = POLLIN};
        char byte;
        if (poll(&in, 1, 50) > 0 && read(0, &byte, 1) == 0 && !is("hang") && !is("stubborn"))
            told = 1; /* who started us has gone */
        usleep(20000);
    }
    if (told) {
        printf("end\tstatus=cancelled\tcode=7\n");
        fflush(stdout);
        exit(7);
    }
}

/* What the helper was asked for, a line each, and the routing behind it. */
static void write_arguments(int argc, char **argv) {
    FILE *out = getenv("FAKE_ARGS") ? fopen(getenv("FAKE_ARGS"), "w") : NULL;
    for (int i = 2; out && i < argc; i++) {
        FILE *routing = strcmp(argv[i - 1], "--routing") != 0 ? NULL
                        : strcmp(argv[i], "-") == 0                ? stdin
                                                                   : fopen(argv[i], "r");
        fprintf(out, "%s\n", argv[i]);
        for (int c; routing && (c = getc(routing)) != EOF;)
            putc(c, out);
        if (routing && routing != stdin)
            fclose(routing);
    }
    if (out)
        fclose(out);
}

int main(int argc, char **argv) {
    mode = argc > 1 ? argv[1] : "ok";
    write_arguments(argc, argv);
    signal(SIGTERM, on_term);
    if (getenv("FAKE_PID")) {
        FILE *out = fopen(getenv("FAKE_PID"), "w");
        if (out)
            fprintf(out, "%d\n", (int)getpid()), fclose(out);
    }
    if (is("mute"))
        return 127;
    if (is("greeting"))
        printf("Welcome to gpu01!\n\n");
    hello(is("newproto") ? 2 : 1);
    stream();
    misbehave();
    products();
    experts();
    attention();
    launch();
    printf("end\tstatus=%s\tcode=%d\texperiments=7\tchecks=60\tfailed=%d\n", is("wrong") ? "failed" : "complete", is("wrong") ? 6 : 0,
           is("wrong"));
    return is("wrong") ? 6 : 0;
}
