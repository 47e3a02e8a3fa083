#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Command lines: what is understood, what is refused, and where the words go.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

refused "no command is a usage error" 2 arg.usage "no command was given"
refused "an unknown command is named" 2 arg.usage 'there is no command "frobnicate"' frobnicate
refused "an unknown option is named" 2 arg.usage "--frobnicate" inspect --frobnicate x
refused "an unknown letter is named" 2 arg.usage "there is no option -q" inspect -q x
refused "an option of another command is named" 2 arg.usage "--dump" inspect --dump x y
refused "an option without its argument is named" 2 arg.usage "--kernel needs an argument" plan --kernel
refused "an argument where none belongs is refused" 2 arg.usage "--refuse-wx takes no argument" \
	inspect --refuse-wx=yes x
refused "an option given twice is refused" 2 arg.usage "--memory was given twice" \
	plan --kernel x --memory 1G --memory 2G
refused "an empty value is refused" 2 arg.usage "--kernel was given nothing" plan --kernel "" --memory 1G
refused "inspect needs a file" 2 arg.usage "inspect needs FILE" inspect
refused "inspect takes one file" 2 arg.usage '"b"' inspect a b
refused "plan needs a kernel" 2 arg.usage "neither a configuration file nor --kernel" plan
refused "plan needs memory" 2 arg.usage "--memory was not given" plan --kernel x
for size in "" 0 M 12Q 1.5G -1 99999999999999999999 20000000T "1 G"; do
	refused "\"$size\" is no size" 2 arg.usage "--memory" plan --kernel x --memory "$size"
done
refused "plain numbers are bytes, and the hint says so" 2 arg.usage "--memory 512M" \
	plan --kernel x --memory 512
for number in 0 -1 x 4294967296; do
	refused "\"$number\" is no number of vCPUs" 2 arg.usage "--vcpus" \
		plan --kernel x --memory 1G --vcpus "$number"
done
refused "a range that is named is the right one" 2 arg.usage "a number from 1 to 64" \
	plan --kernel x --memory 1G --max-address-bits 65
for name in $'tab\there' $'bell\a' $'del\177' $'csi\xc2\x9b' a/b "$(printf '%064d' 0)"; do
	refused "no domain is called \"${name@Q}\"" 1 arg.name "" \
		--host sim plan --kernel x --memory 1G --name "$name"
done
if $has_json; then
	pvb --json create -c --kernel x --memory 1G
	ok "-c and --json cannot be had together" both exited 2 '&&' json type=pvbuild.error code=arg.usage
	pvb --json console 3
	ok "nor can console and --json" both exited 2 '&&' json type=pvbuild.error code=arg.usage
fi
for form in heap '' trees tree: tree:0 tree:x tree:-1 tree:3x tree:4294967296 list:1; do
	refused "\"$form\" is no form of the p2m" 2 arg.usage "--p2m takes list, tree or tree:LEVELS" \
		plan --kernel x --memory 1G --p2m "$form"
done

pvb --help
ok "--help goes to standard output" both exited 0 '&&' quiet '&&' out_has "usage: pvbuild"
cp "$work/out" "$work/overview"
pvb help
ok "help is the same" both exited 0 '&&' cmp "$work/out" "$work/overview"
for command in inspect plan create list pause unpause destroy console wait dump audit p2m help version; do
	ok "the overview lists $command" grep -q "^  $command " "$work/overview"
	pvb help "$command"
	cp "$work/out" "$work/explained"
	ok "help $command explains it" both exited 0 '&&' quiet '&&' out_has "usage: pvbuild $command"
	pvb "$command" --help
	ok "$command --help is the same" both exited 0 '&&' cmp "$work/out" "$work/explained"
done
for command in inspect plan create list pause unpause destroy console wait dump audit p2m; do
	pvb help "$command"
	ok "help $command has examples" out_has "Examples:"
done
pvb help frobnicate
ok "help of nothing is a usage error" both exited 2 '&&' silent

pvb version
ok "version is printed" both exited 0 '&&' out_has "pvbuild 0." '&&' quiet
pvb --json version
json_ok "version is JSON too" type=pvbuild.version version=1 library:string 'xen:string|null' codecs.gzip=true

cp "$work/out" "$work/version"
pvb --json --version
ok "--version is the same" cmp "$work/out" "$work/version"
pvb --json create --version
ok "behind a command too" cmp "$work/out" "$work/version"
pvb --json help
json_ok "help is JSON too" type=pvbuild.help version=1 'commands[*].name:string' 'commands[*].operands:string' \
	'commands[*].summary:string' 'commands[*].details:string' 'commands[*].options:array' \
	'commands[3].name=list' 'options[*].name:string' 'options[*].letter:string|null' \
	'options[*].argument:string|null' 'options[*].help:string'
pvb --json plan --help
json_ok "also of one command" type=pvbuild.help 'commands[0].name=plan' 'commands[0].options[0].name=kernel'

pvb inspect "$(kernel small64)" --json
json_ok "global options may stand behind the command" type=pvbuild.image
pvb inspect -- --json
ok "behind -- all is operands" both exited 1 '&&' silent '&&' err_has "--json"

status=0
"$builddir/pvbuild" help >/dev/full 2>"$work/err" || status=$?
: >"$work/out"
ok "a full disk behind standard output is an error" both exited 1 '&&' err_has "[arg.file, output]" \
	'&&' err_has "No space left"
status=0
"$builddir/pvbuild" inspect "$(kernel small64)" >/dev/full 2>"$work/err" || status=$?
ok "also for results" both exited 1 '&&' err_has "[arg.file, output]"
said_once() { test "$(grep -c 'cannot write to standard output' "$work/err")" -eq 1; }
for command in "create --kernel $(kernel small64) --memory 64M" "help" "list"; do
	status=0
	# shellcheck disable=SC2086 # words
	"$builddir/pvbuild" --host sim $command >/dev/full 2>"$work/err" || status=$?
	ok "${command%% *}: it is said once" both exited 1 '&&' said_once
	status=0
	# shellcheck disable=SC2086 # words
	"$builddir/pvbuild" --host sim $command >&- 2>"$work/err" || status=$?
	ok "${command%% *}: a closed standard output is an error, said once" both exited 1 '&&' said_once
done
# What stands in the place of closed descriptors is not the machine's memory or a hypervisor.
status=0
"$builddir/pvbuild" --host sim create --kernel "$(kernel small64)" --memory 64M --dump "$work/closed.core" \
	<&- >"$work/out" 2>&- || status=$?
ok "with standard input and error closed a domain is built and passes its audit" both exited 0 '&&' \
	out_has "passed" '&&' out_has "0 findings"
pvb inspect "$work/"$'no\xc2\x9b\xff\xe2\x80\xae\xc3\xa9'
ok "a file's name does not play with the terminal" both exited 1 '&&' err_has 'no\xc2\x9b\xff\xe2\x80\xae'$'\xc3\xa9'
if ! $has_json; then
	pvb --json --help
	ok "--json --help is refused where there is no json-c" both exited 1 '&&' silent
	pvb --json inspect "$(kernel small64)"
	ok "--json is refused by name where there is no json-c" both exited 1 '&&' silent '&&' \
		err_has "[arg.unsupported, "
fi
finish
