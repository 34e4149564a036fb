"""A small runbook as a file, to be varied by the tests."""

REPORT = """\
format = 1
version = 1
title = "Say a word"
summary = "Says a word."
platform = "linux"
risk = "low"
risk_reason = "It reads and changes nothing."
changes = false

[applies]
signatures = ["*word*"]

[parameters.word]
kind = "text"
description = "what to say"

[precheck]
timeout_s = 5
script = '''
exit 0
'''

[act]
timeout_s = 5
script = '''
printf '%s' "$AW_WORD"
'''

[drill]
not_drilled = "It is a test's."
"""

CHANGE = """\
format = 1
version = 1
title = "Put a word into a file"
summary = "Writes a word into a file, and puts back what was in it."
platform = "linux"
risk = "low"
risk_reason = "The file is put back."
changes = true

[applies]
signatures = ["*word*"]

[precheck]
timeout_s = 5
script = '''
test -f /srv/aw-word || exit 1
grep -q good /srv/aw-word && exit 10
exit 0
'''

[snapshot]
timeout_s = 5
script = '''
cat /srv/aw-word
'''

[act]
timeout_s = 5
script = '''
echo good >/srv/aw-word
'''

[verify]
timeout_s = 5
script = '''
grep -q good /srv/aw-word
'''

[undo]
timeout_s = 5
script = '''
cat "$AW_SNAPSHOT" >/srv/aw-word
'''

[drill]
prepare = '''
echo good >/srv/aw-word
'''
breaks = '''
echo bad >/srv/aw-word
'''
state = '''
cat /srv/aw-word
'''
"""
