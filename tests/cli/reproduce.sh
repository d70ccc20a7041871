#!/bin/sh
# `reproduce` prints both articles, in each format; a person's own rows lie over the shipped ones; slips are refused.
. "${srcdir:-.}/tests/cli/lib.sh"

run 0 reproduce --format csv
head -1 out >names
echo 'id,article,table,row,column,printed,value,unit,formula,inputs,recomputed,counter_formula,counter_inputs,counter,scenario,figure,model,model_lo,model_hi,model_origin,limit,verdict,evidence,borne_out,live,reason' >want
same names want "the columns are an interface"
rows=$(($(wc -l <"$MOESCOPE_PRESETS/articles.csv") - 1))
[ "$(wc -l <out)" = $((rows + 1)) ] || fail "CSV has not $rows rows"
sed 1d out | cut -d, -f1 >ids
sed 1d "$MOESCOPE_PRESETS/articles.csv" | cut -d, -f1 >want
same ids want "ids in the order of the file"

run 0 reproduce --format json
[ "$(wc -l <out)" = "$rows" ] || fail "JSON has not $rows rows"
"$json_check" <out >/dev/null || fail "JSON"
says out '"id":"a-decode-llama-70b-theory"'
says out '"borne_out":true'
grep -q '"borne_out":false' out && fail "a verdict that its numbers do not bear out"

# each article alone, and both in their order
run 0 reproduce serving-cost
cp out a
run 0 reproduce inference
cp out b
run 0 reproduce
sed '$d' a >both
sed '$d' b >>both
sed '$d' out >all
same both all "both are one after the other"
tail -1 out | grep -q "^$rows: .* ok, .* unit, .* self, .* physics, .* naive\$" || fail "totals: $(tail -1 out)"
[ "$(LC_ALL=C.UTF-8 awk 'length > 100' out | wc -l)" = 0 ] || fail "lines over 100 columns"
# the verdict stands in one column
awk '/^ +printed +recomputed this model verdict$/ { at = index($0, "verdict") }
     / (ok|unit|self|physics|naive)$/ && !/^    [^ ]/ && match($0, /(ok|unit|self|physics|naive)$/) != at { print }' all >askew
is_empty askew
says a "does not fit: weights 93.4"
says a "28.57"

# errors
run 2 reproduce serving
says err "'serving' is no article; allowed: serving-cost, inference"
is_empty out
run 2 reproduce --format xml
says err "allowed: table, csv, json"
is_empty out
run 2 reproduce inference twice
says err "unexpected argument 'twice'"
run 2 reproduce --isl 5
says err "takes no scenario fields"
run 0 reproduce --help
says out "serving-cost | inference"
run 0 help reproduce
says out "serving-cost | inference"

# a row of one's own: an id that is known replaces, another follows
mkdir mine
head -1 "$MOESCOPE_PRESETS/articles.csv" >mine/articles.csv
{
    echo 'b-formula-critical-batch,inference,Formulas,critical batch,mine,300,tok,critical-batch,tflops=312 bytes=2 tb_s=2.039,,,llama-4xa100,,,,,,,,,,,,,critical_batch,,ok,recomputed,,On an A100.'
} >>mine/articles.csv
run 0 reproduce inference --presets mine --format csv
[ "$(grep -c '^b-formula-critical-batch,' out)" = 1 ] || fail "the own row does not replace"
grep '^b-formula-critical-batch,' out >row
says row ",153.0"
says row ",ok,recomputed,0," # 153 is not 300: the verdict is not borne out
echo 'x,inference,T,r,c,1,,sum,a=1,,,,,,,,,,,,,,,,,,ok,words,,r' >>mine/articles.csv
run 2 reproduce --presets mine
says err "articles.csv:3: field 'formula'"
is_empty out
finish
