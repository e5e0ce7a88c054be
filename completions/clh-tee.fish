complete -c clh-tee -l max-bytes -d 'Rotate at this size; 0: never' -r
complete -c clh-tee -l when -d 'Rotate each S, M, H, D, at MIDNIGHT, on W0 to W6' -r
complete -c clh-tee -l interval -d 'How many units lie between two rotations' -r
complete -c clh-tee -l at-time -d 'The time of day for MIDNIGHT and W0 to W6' -r
complete -c clh-tee -l on-rotate -d 'Run this after each rotation, with the backup\'s path' -r
complete -c clh-tee -l backups -d 'How many backups to keep' -r
complete -c clh-tee -l max-total -d 'Keep LOG and its backups below this size' -r
complete -c clh-tee -l max-age -d 'Remove backups last written longer ago: 4w, 90d' -r
complete -c clh-tee -l gzip-level -d 'From fast (1) to small (9); turns on --gzip' -r
complete -c clh-tee -l max-line -d 'Cut longer lines into lines of SIZE' -r
complete -c clh-tee -l record-start -d 'A line that matches begins a record' -r
complete -c clh-tee -l record-timeout -d 'How long a record may wait for its next line' -r
complete -c clh-tee -l max-record -d 'Cut longer records at the end of a line' -r
complete -c clh-tee -l format -d 'Format of records in LOG: text or json' -r -f -a "text\t'Unchanged, after time and tag'
json\t'As a JSON object'"
complete -c clh-tee -l timestamp -d 'Put the time before each line' -r
complete -c clh-tee -l tag -d 'Put TEXT and a colon before each line' -r
complete -c clh-tee -l select -d 'Only lines that match go into LOG' -r
complete -c clh-tee -l deselect -d 'Lines that match do not go into LOG' -r
complete -c clh-tee -l copy -d 'Also copy lines that match into LOG2' -r
complete -c clh-tee -l divert -d 'Put lines that match into LOG2 instead of LOG' -r
complete -c clh-tee -l since -d 'With --read: from TIME on: 2h, yesterday, 22:00' -r
complete -c clh-tee -s n -l lines -d 'With --read: only the last N lines' -r
complete -c clh-tee -l buffer -d 'How many bytes the queue may hold' -r
complete -c clh-tee -l overflow -d 'When the queue is full: block or drop' -r -f -a "block\t'The producer waits'
drop\t'They are dropped and counted'"
complete -c clh-tee -l sync -d 'What to fsync: none, rotate, batch' -r -f -a "none\t'Nothing'
rotate\t'Full logs'
batch\t'Every batch'"
complete -c clh-tee -l lock-timeout -d 'Give up after waiting TIME for the lock: 5s, 2m' -r
complete -c clh-tee -l drain-timeout -d 'How long to go on after TERM' -r
complete -c clh-tee -l lock-dir -d 'Where the lock file lives, if not beside LOG' -r -F
complete -c clh-tee -l chmod -d 'Mode of new files, such as 640' -r
complete -c clh-tee -l owner -d 'Owner of new files' -r
complete -c clh-tee -l umask -d 'The umask for new files, such as 027' -r
complete -c clh-tee -l config -d 'Take settings from FILE, for all logs or by path' -r
complete -c clh-tee -l utc -d 'Use UTC instead of local time'
complete -c clh-tee -l gzip -d 'Compress backups: LOG.1.gz and so on'
complete -c clh-tee -s q -l quiet -d 'Do not copy the input to standard output'
complete -c clh-tee -s z -l null -d 'Input records end in NUL, not in newline'
complete -c clh-tee -l stats -d 'Print statistics at the end, on standard error'
complete -c clh-tee -l acknowledge -d 'Print a newline when ready, and one after each flush'
complete -c clh-tee -l strip-ansi -d 'Drop colours and cursor movements from lines'
complete -c clh-tee -l collapse-cr -d 'Keep what follows a line\'s last carriage return'
complete -c clh-tee -l escape-control -d 'Show control characters as \\xNN'
complete -c clh-tee -l crlf -d 'End each line in LOG with \\r\\n'
complete -c clh-tee -l quiet-ok -d 'With COMMAND: print its output only if it fails'
complete -c clh-tee -l group -d 'With COMMAND: its whole output is one record'
complete -c clh-tee -l keep-going -d 'With COMMAND: run it even if LOG cannot be opened'
complete -c clh-tee -l markers -d 'With COMMAND: note in LOG when it starts and ends'
complete -c clh-tee -l read -d 'Print the backups of LOG and then LOG, decompressed'
complete -c clh-tee -s f -l follow -d 'With --read: go on with what is appended'
complete -c clh-tee -l status -d 'Show LOG, its backups and what is wrong, and end'
complete -c clh-tee -l json -d 'With --status: print JSON, for programs'
complete -c clh-tee -l count -d 'With --status: count lines, decompress all backups'
complete -c clh-tee -l repair -d 'Repair what dead writers left, print it, and end'
complete -c clh-tee -l rotate -d 'Rotate LOG now, if it is not empty, and end'
complete -c clh-tee -l mkdir -d 'Create LOG\'s missing parent directories'
complete -c clh-tee -l print-config -d 'Show all settings for LOG, and end'
complete -c clh-tee -s h -l help -d 'Print help (see more with \'--help\')'
complete -c clh-tee -s V -l version -d 'Print version'
