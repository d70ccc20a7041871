/* Keys have one name each, and a name leads back to its key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tui/key.h"

static void names_and_keys_agree(void **state) {
    (void)state;
    char buf[KEY_NAME_LEN];
    size_t n = 0;
    for (; key_table_name(n); n++) {
        int key = key_from_name(key_table_name(n));
        assert_int_not_equal(key, KEYCODE_NONE);
        assert_string_equal(key_to_name(key, buf), key_table_name(n));
    }
    assert_true(n >= 17);
}

static void characters_are_their_own_names(void **state) {
    (void)state;
    char buf[KEY_NAME_LEN];
    assert_int_equal(key_from_name("x"), 'x');
    assert_int_equal(key_from_name("?"), '?');
    assert_int_equal(key_from_name("["), '[');
    assert_int_equal(key_from_name("é"), 0xE9);
    assert_string_equal(key_to_name('x', buf), "x");
    assert_string_equal(key_to_name(0xE9, buf), "é");
    assert_string_equal(key_to_name(0x10FFFF, buf), "\xF4\x8F\xBF\xBF");
}

static void the_named_ones(void **state) {
    (void)state;
    assert_int_equal(key_from_name("space"), ' ');
    assert_int_equal(key_from_name("left"), KEYCODE_LEFT);
    assert_int_equal(key_from_name("ctrl-r"), KEYCODE_CTRL_R);
    assert_int_equal(key_from_name("pgdn"), KEYCODE_PAGE_DOWN);
    assert_int_equal(key_from_name("f1"), KEYCODE_F1);
}

static void what_is_no_key(void **state) {
    (void)state;
    char buf[KEY_NAME_LEN];
    static const char *const bad[] = {"", "xy", "Left", "ctrl-", " ", "\x1b", "\x7f", "\xff", "\xc3", "éé"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(key_from_name(bad[i]), KEYCODE_NONE);
    assert_string_equal(key_to_name(KEYCODE_NONE, buf), "");
    assert_string_equal(key_to_name(3, buf), "");
    assert_string_equal(key_to_name(-1, buf), "");
    assert_string_equal(key_to_name(KEYCODE_F1 + 1, buf), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_keys_agree),
        cmocka_unit_test(characters_are_their_own_names),
        cmocka_unit_test(the_named_ones),
        cmocka_unit_test(what_is_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
