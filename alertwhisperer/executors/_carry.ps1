# What runs on a Windows target, always the same text: the sibling of _carry.sh, with the same envelope and the same frames.
#
# Standard input has, in base64, a line for this text (a loader has read it), one for the folder where records are kept
# (`-`: the usual one) and one for the envelope. Where a vendor's agent runs this text, the two are variables that stand
# before it, and the answer is plain: output as it is, and an exit code. The record of an act is a folder `acts\ID\TURN`; in it:
#   taken   made exclusively, so it decides: a run that it runs, a find or a cancel that it does not
#   sealed  when a find was asked that decided so; what was sent before then never runs
#   end     how it ended
# Here the script lives in the shell of the connection, which Windows keeps while the line is broken.
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$stream = [Console]::OpenStandardOutput()
$errors = [Console]::OpenStandardError()
$utf8 = New-Object Text.UTF8Encoding $false

$plain = Test-Path -LiteralPath variable:envelope

function Say([string] $line) {
    if ($plain) { return }
    $bytes = $utf8.GetBytes($line + "`n")
    $stream.Write($bytes, 0, $bytes.Length)
    $stream.Flush()
}

# Nothing ran and nothing will: what is said goes to a person.
function Deny([string] $why) {
    Say "n $why"
    if ($plain) { [Console]::Error.WriteLine("alertwhisperer: not started: $why") }
    exit 120
}

function Get-Now { [long] ([DateTime]::UtcNow - [DateTime] '1970-01-01').TotalSeconds }

# True for the one who makes the file; CreateNew is exclusive in the file system itself.
function New-Taken([string] $path, [string] $text) {
    try { $file = [IO.File]::Open($path, [IO.FileMode]::CreateNew, [IO.FileAccess]::Write) } catch [IO.IOException] { return $false }
    $bytes = $utf8.GetBytes($text)
    $file.Write($bytes, 0, $bytes.Length)
    $file.Dispose()
    return $true
}

function Set-End([string] $text) { [void] (New-Taken (Join-Path $record 'end') $text) }

# What was written since the last look, at most as much as is kept; answers how much was told.
function Send-Output([string] $letter, [string] $path, [long] $seen) {
    if (-not (Test-Path -LiteralPath $path)) { return $seen }
    $file = [IO.File]::Open($path, [IO.FileMode]::Open, [IO.FileAccess]::Read, [IO.FileShare]::ReadWrite)
    try {
        $have = [Math]::Min($file.Length, $most)
        if ($have -le $seen) { return $seen }
        [void] $file.Seek($seen, [IO.SeekOrigin]::Begin)
        $buffer = New-Object byte[] 65536
        while ($seen -lt $have) {
            $count = $file.Read($buffer, 0, [int] [Math]::Min($buffer.Length, $have - $seen))
            if ($count -le 0) { break }
            Say "$letter $count"
            if ($plain -and $letter -eq 'e') { $errors.Write($buffer, 0, $count) } else { $stream.Write($buffer, 0, $count) }
            $seen += $count
        }
        $stream.Flush()
        return $seen
    } finally { $file.Dispose() }
}

Say 'alertwhisperer 1'
if (-not $plain) {
    $folder = [Console]::In.ReadLine()
    $envelope = [Console]::In.ReadLine()
}
try {
    $packed = New-Object IO.MemoryStream (, [Convert]::FromBase64String($envelope))
    $unpacked = New-Object IO.MemoryStream
    $gzip = New-Object IO.Compression.GZipStream $packed, ([IO.Compression.CompressionMode]::Decompress)
    $gzip.CopyTo($unpacked)
    $all = $unpacked.ToArray()
} catch {
    Deny 'what came is not whole'
}
$mode = ''; $act = ''; $at = [long] 0; $limit = 0; $most = [long] 0
$parts = New-Object Collections.ArrayList
$offset = 0
while ($true) {
    $lineEnd = [Array]::IndexOf($all, [byte] 10, $offset)
    $line = [Text.Encoding]::ASCII.GetString($all, $offset, $lineEnd - $offset)
    $offset = $lineEnd + 1
    if ($line -eq '') { break }
    $words = $line.Split(' ')
    switch ($words[0]) {
        'mode' { $mode = $words[1] }
        'act' { $act = $words[1] }
        'at' { $at = [long] $words[1] }
        'timeout' { $limit = [int] $words[1] }
        'most' { $most = [long] $words[1] }
        'part' { [void] $parts.Add(@($words[1], [int] $words[2])) }
    }
}
if ($act -notmatch '\A[0-9a-f-]{36}\z') { Deny 'what came is not whole' }
$root = Join-Path $env:ProgramData 'alertwhisperer'
if ($folder -ne '-') { $root = $utf8.GetString([Convert]::FromBase64String($folder)) }
$turn = 0
try {
    while ($true) {
        $record = Join-Path (Join-Path (Join-Path $root 'acts') $act) ([string] $turn)
        [void] [IO.Directory]::CreateDirectory($record)
        $sealed = Join-Path $record 'sealed'
        if (-not (Test-Path -LiteralPath $sealed) -or [long] (Get-Content -LiteralPath $sealed) -ge $at) { break }
        $turn += 1
    }
} catch {
    Deny "$root cannot be made or read: look at its rights and its disk"
}
if ($mode -eq 'check') { Say 'x succeeded 0 0 0'; exit 0 }
$taken = Join-Path $record 'taken'
$cancel = Join-Path $record 'cancel'
$mine = $false
switch ($mode) {
    'find' {
        if (New-Taken $taken 'find') {
            [void] (New-Taken $sealed ([string] $at))
            Set-End 'x not_started 0 0 0'
        }
    }
    'cancel' {
        [void] (New-Taken $cancel '')
        if (New-Taken $taken 'cancel') { Set-End 'x cancelled 0 0 0' }
        Say 'x succeeded 0 0 0'
        exit 0
    }
    'run' { $mine = New-Taken $taken "$PID $((Get-Process -Id $PID).StartTime.Ticks)" }
    default { Deny 'the envelope is of a newer version' }
}
$stdout = Join-Path $record 'stdout'
$stderr = Join-Path $record 'stderr'
$process = $null
if ($mine) {
    $from = Get-Now
    $start = New-Object Diagnostics.ProcessStartInfo
    $start.FileName = 'powershell.exe'
    $start.UseShellExecute = $false
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $script = Join-Path $record 'script.ps1'
    $snapshot = Join-Path $record 'snapshot'
    foreach ($part in $parts) {
        $bytes = New-Object byte[] $part[1]
        [Array]::Copy($all, $offset, $bytes, 0, $part[1])
        $offset += $part[1]
        switch ($part[0]) {
            # Windows PowerShell takes a file without this mark for one of the machine's own code page.
            'script' { [IO.File]::WriteAllBytes($script, [byte[]] (@(0xEF, 0xBB, 0xBF) + $bytes)) }
            'snapshot' { [IO.File]::WriteAllBytes($snapshot, $bytes); $start.EnvironmentVariables['AW_SNAPSHOT'] = $snapshot }
            default { $start.EnvironmentVariables[$part[0]] = $utf8.GetString($bytes) }
        }
    }
    $start.Arguments = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$script`""
    $process = [Diagnostics.Process]::Start($start)
    $process.StandardInput.Dispose()
    $outFile = [IO.File]::Open($stdout, [IO.FileMode]::Create, [IO.FileAccess]::Write, [IO.FileShare]::ReadWrite)
    $errFile = [IO.File]::Open($stderr, [IO.FileMode]::Create, [IO.FileAccess]::Write, [IO.FileShare]::ReadWrite)
    $copies = @($process.StandardOutput.BaseStream.CopyToAsync($outFile), $process.StandardError.BaseStream.CopyToAsync($errFile))
    $watch = [Diagnostics.Stopwatch]::StartNew()
}
$outSeen = [long] 0; $errSeen = [long] 0; $why = ''
while ($true) {
    $endPath = Join-Path $record 'end'
    $said = ''
    if ($mine) {
        if ($process.WaitForExit(200)) {
            # A service that the script started may keep its output open for ever; nobody waits for that.
            foreach ($copy in $copies) { try { [void] $copy.Wait(2000) } catch [AggregateException] { } }
            $outFile.Flush(); $errFile.Flush()
            Remove-Item -LiteralPath $script, $snapshot -Force -ErrorAction SilentlyContinue
            $code = $process.ExitCode
            $ending = 'failed'
            if ($why) { $ending = $why } elseif ($code -eq 0) { $ending = 'succeeded' }
            Set-End "x $ending $code $from $(Get-Now)"
        } elseif (-not $why) {
            if ($watch.Elapsed.TotalSeconds -ge $limit) { $why = 'timed_out' }
            if (Test-Path -LiteralPath $cancel) { $why = 'cancelled' }
            if ($why) { [void] (& "$env:SystemRoot\System32\taskkill.exe" /T /F /PID $process.Id 2>&1) }
        }
    } else { Start-Sleep -Milliseconds 200 }
    if (Test-Path -LiteralPath $endPath) {
        $said = (Get-Content -LiteralPath $endPath -TotalCount 1)
    } elseif (-not $mine) {
        $owner = ([string] (Get-Content -LiteralPath $taken -TotalCount 1)).Split(' ')
        $alive = $false
        if ($owner.Length -eq 2) {
            $other = Get-Process -Id ([int] $owner[0]) -ErrorAction SilentlyContinue
            $alive = $null -ne $other -and [string] $other.StartTime.Ticks -eq $owner[1]
        }
        if (-not $alive -and -not (Test-Path -LiteralPath $endPath)) { $said = 'x uncertain 0 0 0' }
    }
    $outSeen = Send-Output 'o' $stdout $outSeen
    $errSeen = Send-Output 'e' $stderr $errSeen
    if ($said) { Say $said; break }
}
if ($plain) {
    $words = $said.Split(' ')
    if ($words[1] -eq 'succeeded' -or $words[1] -eq 'failed') { exit [int] $words[2] }
    [Console]::Error.WriteLine("alertwhisperer: $act $($words[1])")
    exit 121
}
