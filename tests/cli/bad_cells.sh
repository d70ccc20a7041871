#!/bin/sh
# A bad cell names file, line, column, what was found and what is allowed; status 2; nothing on standard output.
. "${srcdir:-.}/tests/cli/lib.sh"

refused() { # LINE COLUMN ALLOWED, file on standard input
    cat >bad.csv
    run 2 eval --scenarios bad.csv
    is_empty out
    says err "bad.csv:$1"
    says err "$2"
    says err "$3"
    cat bad.csv | "$program" eval --scenarios - >out 2>err
    [ $? = 2 ] || fail "by a pipe: status"
    is_empty out
    says err "standard input:$1"
}

printf 'model,isl\nmixtral-8x7b,5\nmixtral-8x7b,0\n' | refused 3 isl "1 to "
printf 'model,isl\nmixtral-8x7b,five\n' | refused 2 isl "whole number"
printf 'model,utilisation\nmixtral-8x7b,0\n' | refused 2 utilisation "above 0 to 1"
printf 'model,gpus\nmixtral-8x7b,2.5\n' | refused 2 gpus "whole number"
printf 'model,skew_kind\nmixtral-8x7b,gauss\n' | refused 2 skew_kind "uniform, zipf, pareto or file"
printf 'model,mode\nmixtral-8x7b,both\n' | refused 2 mode "aggregated or disaggregated"
printf 'model,prefill_gpus\nmixtral-8x7b,0\n' | refused 2 prefill_gpus "1 to "
printf 'gpus,model\n2,no-such-model\n' | refused 2 model allowed
printf 'model,gpu\nmixtral-8x7b,no-such-gpu\n' | refused 2 gpu allowed
printf 'model,weights\nmixtral-8x7b,kv-16\n' | refused 2 weights allowed
printf 'model,link_up\nmixtral-8x7b,string\n' | refused 2 link_up allowed
printf 'model,chunk_tokens\nmixtral-8x7b,-1\n' | refused 2 chunk_tokens "0 to 1048576, whole number"
printf 'model,spec_depth\nmixtral-8x7b,17\n' | refused 2 spec_depth "0 to 16, whole number"
printf 'model,spec_acceptance\nmixtral-8x7b,1.1\n' | refused 2 spec_acceptance "0 to 1"
printf 'model,gpus\nmixtral-8x7b,2,4\n' | refused 2 "" ""
printf 'model,gpus\nmixtral-8x7b,"2\n' | refused 2 "" ""
printf 'model,gpus\nmixtral-8x7b,2"2"\n' | refused 2 "" ""
printf 'model,model\nmixtral-8x7b,2\n' | refused 1 model ""
printf 'model,\nmixtral-8x7b,2\n' | refused 1 "" ""
printf 'mdoel,gpsu\nmixtral-8x7b,2\n' | refused 1 "help --fields" ""
printf '' | refused 1 "" ""
printf 'model\nmixtral\0-8x7b\n' | refused 2 "" ""

# A quoted cell with a line end in it does not make the count of lines go wrong.
printf 'remark,isl\n"two\nlines",5\nx,0\n' | refused 4 isl "1 to "

# Deep down: no half output, in any format.
awk 'BEGIN { print "model,batch"; for (i = 2; i <= 100000; i++) print "mixtral-8x7b," (i == 90000 ? "none" : i % 50 + 1) }' >deep.csv
for format in csv json table; do
    run 2 eval --scenarios deep.csv --format $format
    is_empty out
    says err "deep.csv:90000"
    says err "batch"
done
finish
