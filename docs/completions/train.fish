# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_train_global_optspecs
    string join \n recipe= data= set= strict out= resume= device= print-config dry-run memory= ranks= list-recipes h/help V/version
end

function __fish_train_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_train_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_train_using_subcommand
    set -l cmd (__fish_train_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c train -n "__fish_train_needs_command" -l recipe -d 'A shipped recipe\'s name, or a TOML file. [default: demo]' -r
complete -c train -n "__fish_train_needs_command" -l data -d 'Train on these images instead of the recipe\'s: a .tar file, a folder of them, a folder with one folder a class, or a folder with MNIST\'s files' -r -F
complete -c train -n "__fish_train_needs_command" -l set -d 'Change a setting, such as train.lr=2e-4; --print-config lists them. Can be repeated' -r
complete -c train -n "__fish_train_needs_command" -l out -d 'Folder of the run. [default: runs/RECIPE-N]' -r -F
complete -c train -n "__fish_train_needs_command" -l resume -d 'Go on with a run from its newest checkpoint, or from RUN/checkpoints/step-N; `auto` takes the newest run under runs/' -r -F
complete -c train -n "__fish_train_needs_command" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c train -n "__fish_train_needs_command" -l memory -d 'With --dry-run: memory of the device in GB. [default: what is free, on the CPU]' -r
complete -c train -n "__fish_train_needs_command" -l ranks -d 'With --dry-run: how many ranks train together. [default: 1]' -r
complete -c train -n "__fish_train_needs_command" -l strict -d 'Stop at the first record that cannot be used instead of skipping it and naming it at the end'
complete -c train -n "__fish_train_needs_command" -l print-config -d 'Print the whole configuration with its documentation and exit'
complete -c train -n "__fish_train_needs_command" -l dry-run -d 'Print what the run would need in memory and exit; exit code 1 if it does not fit'
complete -c train -n "__fish_train_needs_command" -l list-recipes -d 'Print the names of the shipped recipes and exit'
complete -c train -n "__fish_train_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c train -n "__fish_train_needs_command" -s V -l version -d 'Print version'
complete -c train -n "__fish_train_needs_command" -f -a "inspect" -d 'Look at every image of a data set: sizes, classes, captions, copies, what cannot be used and why'
complete -c train -n "__fish_train_needs_command" -f -a "prepare" -d 'Make a data set to train on of images as they were found: checked, without copies, turned as their metadata say, in tar files. Goes on where it stopped'
complete -c train -n "__fish_train_needs_command" -f -a "export" -d 'Write the weights of a run as a model folder that `infer --model` reads'
complete -c train -n "__fish_train_needs_command" -f -a "compare" -d 'Compare runs: settings that differ, losses at equal steps and images, the best scores, the rates'
complete -c train -n "__fish_train_needs_command" -f -a "export-metrics" -d 'Write the metrics of a run as another program reads them: MLflow, or Weights & Biases by a script'
complete -c train -n "__fish_train_needs_command" -f -a "doctor" -d 'Look at the machine, its devices, and what the run would take: memory, the largest batch, days. It takes the options of a run; no image is read'
complete -c train -n "__fish_train_needs_command" -f -a "encode-text" -d 'Run the captions of a data set through a text encoder once, for training with text.kind = "states". Goes on where it stopped'
complete -c train -n "__fish_train_needs_command" -f -a "ema" -d 'Make an average of the weights of any width from the snapshots of a run that was trained with averages.every'
complete -c train -n "__fish_train_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c train -n "__fish_train_using_subcommand inspect" -l validation -d 'Images that are to be held out: those that are in DATA too are found' -r -F
complete -c train -n "__fish_train_using_subcommand inspect" -l json -d 'Also write everything as JSON here; `-` writes it to the standard output instead of the report' -r -F
complete -c train -n "__fish_train_using_subcommand inspect" -l strict -d 'End with exit code 1 if something was found that training would suffer from'
complete -c train -n "__fish_train_using_subcommand inspect" -s h -l help -d 'Print help'
complete -c train -n "__fish_train_using_subcommand prepare" -l size -d 'Scale and cut all images to squares of this side, as training does. [default: they stay as they are]' -r
complete -c train -n "__fish_train_using_subcommand prepare" -l buckets -d 'Scale and cut each image to the size of these that is nearest to its aspect ratio, as training with data.buckets and center crops does: heights and widths, written as there, such as [[256,256],[192,320],[320,192]], one of each aspect ratio' -r
complete -c train -n "__fish_train_using_subcommand prepare" -l near -d 'Also leave out what looks like an earlier image: difference hashes that differ in at most so many of 64 bits. 6 finds most other sizes and qualities of a photograph; drawings on plain grounds look alike to it that are not' -r
complete -c train -n "__fish_train_using_subcommand prepare" -l not-in -d 'Leave out images that are in this data set too, for instance those of a validation' -r -F
complete -c train -n "__fish_train_using_subcommand prepare" -l shard-images -d 'Images in a tar file' -r
complete -c train -n "__fish_train_using_subcommand prepare" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c train -n "__fish_train_using_subcommand export" -l dtype -d 'Number format of the weights' -r -f -a "f32\t'32-bit floats, as trained'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'"
complete -c train -n "__fish_train_using_subcommand export" -l raw -d 'Export the weights being trained instead of their moving average'
complete -c train -n "__fish_train_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c train -n "__fish_train_using_subcommand compare" -l out -d 'Also write a page with their curves here; there must be no such file' -r -F
complete -c train -n "__fish_train_using_subcommand compare" -l json -d 'Print JSON instead of the table, or write it to a file' -r -F
complete -c train -n "__fish_train_using_subcommand compare" -s h -l help -d 'Print help'
complete -c train -n "__fish_train_using_subcommand export-metrics" -l to -d 'What reads them' -r -f -a "mlflow\t'MLflow: a file store'
wandb\t'Weights & Biases: JSON, and a Python script that logs it'"
complete -c train -n "__fish_train_using_subcommand export-metrics" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c train -n "__fish_train_using_subcommand doctor" -l recipe -d 'A shipped recipe\'s name, or a TOML file. [default: demo]' -r
complete -c train -n "__fish_train_using_subcommand doctor" -l data -d 'Train on these images instead of the recipe\'s: a .tar file, a folder of them, a folder with one folder a class, or a folder with MNIST\'s files' -r -F
complete -c train -n "__fish_train_using_subcommand doctor" -l set -d 'Change a setting, such as train.lr=2e-4; --print-config lists them. Can be repeated' -r
complete -c train -n "__fish_train_using_subcommand doctor" -l out -d 'Folder of the run. [default: runs/RECIPE-N]' -r -F
complete -c train -n "__fish_train_using_subcommand doctor" -l resume -d 'Go on with a run from its newest checkpoint, or from RUN/checkpoints/step-N; `auto` takes the newest run under runs/' -r -F
complete -c train -n "__fish_train_using_subcommand doctor" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c train -n "__fish_train_using_subcommand doctor" -l memory -d 'With --dry-run: memory of the device in GB. [default: what is free, on the CPU]' -r
complete -c train -n "__fish_train_using_subcommand doctor" -l ranks -d 'With --dry-run: how many ranks train together. [default: 1]' -r
complete -c train -n "__fish_train_using_subcommand doctor" -l strict -d 'Stop at the first record that cannot be used instead of skipping it and naming it at the end'
complete -c train -n "__fish_train_using_subcommand doctor" -l print-config -d 'Print the whole configuration with its documentation and exit'
complete -c train -n "__fish_train_using_subcommand doctor" -l dry-run -d 'Print what the run would need in memory and exit; exit code 1 if it does not fit'
complete -c train -n "__fish_train_using_subcommand doctor" -l list-recipes -d 'Print the names of the shipped recipes and exit'
complete -c train -n "__fish_train_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c train -n "__fish_train_using_subcommand encode-text" -l data -d 'The images with their captions: a .tar file, or a folder of them' -r -F
complete -c train -n "__fish_train_using_subcommand encode-text" -l text-encoder -d 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME' -r
complete -c train -n "__fish_train_using_subcommand encode-text" -l out -d 'The folder to write the states to' -r -F
complete -c train -n "__fish_train_using_subcommand encode-text" -l max-tokens -d 'Tokens of a caption at most' -r
complete -c train -n "__fish_train_using_subcommand encode-text" -l dtype -d 'Format of the encoder\'s weights, and of the states: f32, f16 or bf16' -r
complete -c train -n "__fish_train_using_subcommand encode-text" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c train -n "__fish_train_using_subcommand encode-text" -s h -l help -d 'Print help'
complete -c train -n "__fish_train_using_subcommand ema" -l sigma-rel -d 'How wide the average is: the standard deviation of the steps it is of, as a share of all steps, 0.05 to 0.25. Evaluate some of them: what is best differs between models, and with guidance' -r
complete -c train -n "__fish_train_using_subcommand ema" -l step -d 'The step at which it ends; there must be a snapshot of it. [default: the last]' -r
complete -c train -n "__fish_train_using_subcommand ema" -l dtype -d 'Number format of the weights' -r -f -a "f32\t'32-bit floats, as trained'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'"
complete -c train -n "__fish_train_using_subcommand ema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c train -n "__fish_train_using_subcommand help; and not __fish_seen_subcommand_from inspect prepare export compare export-metrics doctor encode-text ema help" -f -a "inspect" -d 'Look at every image of a data set: sizes, classes, captions, copies, what cannot be used and why'
complete -c train -n "__fish_train_using_subcommand help; and not __fish_seen_subcommand_from inspect prepare export compare export-metrics doctor encode-text ema help" -f -a "prepare" -d 'Make a data set to train on of images as they were found: checked, without copies, turned as their metadata say, in tar files. Goes on where it stopped'
complete -c train -n "__fish_train_using_subcommand help; and not __fish_seen_subcommand_from inspect prepare export compare export-metrics doctor encode-text ema help" -f -a "export" -d 'Write the weights of a run as a model folder that `infer --model` reads'
complete -c train -n "__fish_train_using_subcommand help; and not __fish_seen_subcommand_from inspect prepare export compare export-metrics doctor encode-text ema help" -f -a "compare" -d 'Compare runs: settings that differ, losses at equal steps and images, the best scores, the rates'
complete -c train -n "__fish_train_using_subcommand help; and not __fish_seen_subcommand_from inspect prepare export compare export-metrics doctor encode-text ema help" -f -a "export-metrics" -d 'Write the metrics of a run as another program reads them: MLflow, or Weights & Biases by a script'
complete -c train -n "__fish_train_using_subcommand help; and not __fish_seen_subcommand_from inspect prepare export compare export-metrics doctor encode-text ema help" -f -a "doctor" -d 'Look at the machine, its devices, and what the run would take: memory, the largest batch, days. It takes the options of a run; no image is read'
complete -c train -n "__fish_train_using_subcommand help; and not __fish_seen_subcommand_from inspect prepare export compare export-metrics doctor encode-text ema help" -f -a "encode-text" -d 'Run the captions of a data set through a text encoder once, for training with text.kind = "states". Goes on where it stopped'
complete -c train -n "__fish_train_using_subcommand help; and not __fish_seen_subcommand_from inspect prepare export compare export-metrics doctor encode-text ema help" -f -a "ema" -d 'Make an average of the weights of any width from the snapshots of a run that was trained with averages.every'
complete -c train -n "__fish_train_using_subcommand help; and not __fish_seen_subcommand_from inspect prepare export compare export-metrics doctor encode-text ema help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
