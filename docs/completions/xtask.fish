# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_xtask_global_optspecs
    string join \n h/help
end

function __fish_xtask_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_xtask_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_xtask_using_subcommand
    set -l cmd (__fish_xtask_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c xtask -n "__fish_xtask_needs_command" -s h -l help -d 'Print help'
complete -c xtask -n "__fish_xtask_needs_command" -f -a "verify" -d 'Compare this project\'s numbers with a folder of golden fixtures, one line a case'
complete -c xtask -n "__fish_xtask_needs_command" -f -a "bench" -d 'Time forward passes, training steps, sampling, attention and matrix products'
complete -c xtask -n "__fish_xtask_needs_command" -f -a "check-backends" -d 'Run the conformance suite on every backend of this machine'
complete -c xtask -n "__fish_xtask_needs_command" -f -a "tidy" -d 'Print what violates the rules about this repository\'s files; seconds, no network'
complete -c xtask -n "__fish_xtask_needs_command" -f -a "generate" -d 'Write the files that are made from code: man pages, completions'
complete -c xtask -n "__fish_xtask_needs_command" -f -a "quality" -d 'Measure the shipped models and write QUALITY.md'
complete -c xtask -n "__fish_xtask_needs_command" -f -a "ablation" -d 'Compare the choices of training beyond the paper, and write QUALITY.md'
complete -c xtask -n "__fish_xtask_needs_command" -f -a "dist" -d 'Build a stripped archive of the programs for this machine'
complete -c xtask -n "__fish_xtask_needs_command" -f -a "web" -d 'Build a folder for any web server whose page draws in the browser itself'
complete -c xtask -n "__fish_xtask_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c xtask -n "__fish_xtask_using_subcommand verify" -l fixtures -d 'Folder with a manifest.json and the files it lists' -r -F
complete -c xtask -n "__fish_xtask_using_subcommand verify" -l filter -d 'Only the cases whose name contains this' -r
complete -c xtask -n "__fish_xtask_using_subcommand verify" -s h -l help -d 'Print help'
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l jobs -d 'Jobs: gemm, attention, forward, train, sample, load. Default: all' -r -f -a "gemm\t'The matrix products of a block alone: what the device reaches'
attention\t'Attention alone, forward and backward'
forward\t'The XL model, and one of its blocks'
train\t'A whole training step of 16 packed examples'
sample\t'The demo model draws 64 images'
load\t'The demo model is read from its file'"
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l tokens -d 'Tokens of an image, for gemm, attention and forward: square numbers' -r
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l batch -d 'Images of a batch, for gemm, attention and forward; default: 2, above 1024 tokens 1' -r
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l depth -d 'Blocks of the model, for forward; the whole of XL, in 2.7 GB of f32, has 28' -r
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l device -d 'Where to compute; another device than the CPU must be compiled in: `cargo run -p xtask --features cuda -- bench`' -r
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l dtype -d 'Format of weights and activations: f32, bf16 or f16; of a training step, what it computes in' -r -f -a "f32\t''
bf16\t''
f16\t''"
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l repeat -d 'Counted repetitions of each job' -r
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l threads -d 'Threads; default: `RAYON_NUM_THREADS`, or all processors' -r
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l json -d 'Write the records here, one JSON object a line, as xtask/pytorch does' -r -F
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l against -d 'Show the ratio to the records of another run, or of PyTorch' -r -F
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l pytorch -d 'Do the same work in PyTorch too, in turns of three rounds: the Python that has it' -r -F
complete -c xtask -n "__fish_xtask_using_subcommand bench" -l alone -d 'Do one job in this process and print its records'
complete -c xtask -n "__fish_xtask_using_subcommand bench" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l backends -d 'Backends: flex, wgpu, vulkan, metal, cuda, rocm. Default: all that this machine has' -r
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l dtypes -d 'Precisions: f32, f16, bf16. Default: f32 and f16, and on flex all' -r
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l fusion -d 'Kernel fusion: on, off, or both. Flex has none' -r -f -a "on\t''
off\t''"
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l fixtures -d 'Folder of fixtures with a manifest.json. Default: those in the repository' -r -F
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l filter -d 'Only the cases whose name contains this' -r
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l report -d 'Where report.json and report.html go' -r -F
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l require -d 'Backends that must run: a skip is a failure' -r
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l timeout -d 'Seconds that a target may take' -r
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l jobs -d 'Targets that run at the same time. Default: two, or one on a single processor' -r
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l quick -d 'Not the demo, and of the fixtures only the first file of each kind: minutes less on a software device'
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l list -d 'Only show what there is: backends, adapters, memory, precisions, attention'
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -l self-test -d 'Plant every known fault, one after the other, and see that the suite finds it'
complete -c xtask -n "__fish_xtask_using_subcommand check-backends" -s h -l help -d 'Print help'
complete -c xtask -n "__fish_xtask_using_subcommand tidy" -s h -l help -d 'Print help'
complete -c xtask -n "__fish_xtask_using_subcommand generate" -s h -l help -d 'Print help'
complete -c xtask -n "__fish_xtask_using_subcommand quality" -l images -d 'Images of each repeat' -r
complete -c xtask -n "__fish_xtask_using_subcommand quality" -l repeats -d 'Repeats, each with a seed of its own' -r
complete -c xtask -n "__fish_xtask_using_subcommand quality" -l fashion-mnist -d 'The folder with the four .gz files of Fashion-MNIST. Without it, what is recorded of its model is kept' -r -F
complete -c xtask -n "__fish_xtask_using_subcommand quality" -l only -d 'Measure these alone, by name, and keep the other records' -r
complete -c xtask -n "__fish_xtask_using_subcommand quality" -l infer -d 'The `infer` to measure with; without it, it is built from this repository' -r -F
complete -c xtask -n "__fish_xtask_using_subcommand quality" -l dry-run -d 'Print the command lines, and which of them are recorded, and stop'
complete -c xtask -n "__fish_xtask_using_subcommand quality" -s h -l help -d 'Print help'
complete -c xtask -n "__fish_xtask_using_subcommand ablation" -l seeds -d 'Seeds of each choice, from 0' -r
complete -c xtask -n "__fish_xtask_using_subcommand ablation" -l train -d 'The `train` to train with; without it, it is built from this repository' -r -F
complete -c xtask -n "__fish_xtask_using_subcommand ablation" -l infer -d 'The `infer` to measure with; without it, it is built from this repository' -r -F
complete -c xtask -n "__fish_xtask_using_subcommand ablation" -l dry-run -d 'Print what would be done, and stop'
complete -c xtask -n "__fish_xtask_using_subcommand ablation" -s h -l help -d 'Print help'
complete -c xtask -n "__fish_xtask_using_subcommand dist" -l features -d 'Backends to compile besides the CPU\'s, as `wgpu,cuda`' -r
complete -c xtask -n "__fish_xtask_using_subcommand dist" -s h -l help -d 'Print help'
complete -c xtask -n "__fish_xtask_using_subcommand web" -l threads -d 'Build a program for all cores of the processor, too. Pages use it that their server isolates from others (with `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`). The standard library is compiled for it: its sources must be here (`rustup component add rust-src`)'
complete -c xtask -n "__fish_xtask_using_subcommand web" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xtask -n "__fish_xtask_using_subcommand help; and not __fish_seen_subcommand_from verify bench check-backends tidy generate quality ablation dist web help" -f -a "verify" -d 'Compare this project\'s numbers with a folder of golden fixtures, one line a case'
complete -c xtask -n "__fish_xtask_using_subcommand help; and not __fish_seen_subcommand_from verify bench check-backends tidy generate quality ablation dist web help" -f -a "bench" -d 'Time forward passes, training steps, sampling, attention and matrix products'
complete -c xtask -n "__fish_xtask_using_subcommand help; and not __fish_seen_subcommand_from verify bench check-backends tidy generate quality ablation dist web help" -f -a "check-backends" -d 'Run the conformance suite on every backend of this machine'
complete -c xtask -n "__fish_xtask_using_subcommand help; and not __fish_seen_subcommand_from verify bench check-backends tidy generate quality ablation dist web help" -f -a "tidy" -d 'Print what violates the rules about this repository\'s files; seconds, no network'
complete -c xtask -n "__fish_xtask_using_subcommand help; and not __fish_seen_subcommand_from verify bench check-backends tidy generate quality ablation dist web help" -f -a "generate" -d 'Write the files that are made from code: man pages, completions'
complete -c xtask -n "__fish_xtask_using_subcommand help; and not __fish_seen_subcommand_from verify bench check-backends tidy generate quality ablation dist web help" -f -a "quality" -d 'Measure the shipped models and write QUALITY.md'
complete -c xtask -n "__fish_xtask_using_subcommand help; and not __fish_seen_subcommand_from verify bench check-backends tidy generate quality ablation dist web help" -f -a "ablation" -d 'Compare the choices of training beyond the paper, and write QUALITY.md'
complete -c xtask -n "__fish_xtask_using_subcommand help; and not __fish_seen_subcommand_from verify bench check-backends tidy generate quality ablation dist web help" -f -a "dist" -d 'Build a stripped archive of the programs for this machine'
complete -c xtask -n "__fish_xtask_using_subcommand help; and not __fish_seen_subcommand_from verify bench check-backends tidy generate quality ablation dist web help" -f -a "web" -d 'Build a folder for any web server whose page draws in the browser itself'
complete -c xtask -n "__fish_xtask_using_subcommand help; and not __fish_seen_subcommand_from verify bench check-backends tidy generate quality ablation dist web help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
