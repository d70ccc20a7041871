#!/bin/sh
# A model may be the path of a config.json: the same figures as the preset of the same dimensions, wherever a model goes.
. "${srcdir:-.}/tests/cli/lib.sh"

cat >config.json <<'END'
{"architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "hidden_size": 4096, "intermediate_size": 14336,
 "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "num_local_experts": 8,
 "num_experts_per_tok": 2, "vocab_size": 32000, "max_position_embeddings": 32768, "sliding_window": null,
 "tie_word_embeddings": false, "torch_dtype": "bfloat16"}
END
"$program" eval --model ./config.json >out 2>err
grep -q "without jansson" err && { echo "built without jansson"; exit 77; }

run 0 eval --model ./config.json --format csv
cut -d, -f2- out >imported
run 0 eval --format csv
cut -d, -f2- out >preset
same imported preset "config.json and preset"

printf 'model,batch\n./config.json,4\nmixtral-8x7b,4\n' >in.csv
run 0 eval --scenarios in.csv
[ "$(sed -n 2p out | cut -d, -f2-)" = "$(sed -n 3p out | cut -d, -f2-)" ] || fail "rows"
run 0 eval --scenarios in.csv --format json
says out '"model":"./config.json"'

run 0 snapshot --model ./config.json --journal j.csv
run 0 snapshot --session j.csv
run 2 eval --model ./no-such.json
is_empty out
says err no-such.json
echo '{"hidden_size": "many"}' >bad.json
run 2 eval --model ./bad.json
says err bad.json
finish
