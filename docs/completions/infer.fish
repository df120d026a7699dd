# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_infer_global_optspecs
    string join \n model= weights= lora= guide-model= guide-weights= class= prompt= prompts= negative= text-encoder= text-dtype= count= seed= steps= solver= guidance= guidance-rule= shift= rtol= atol= reference size= batch= out= scale= preview strip= animation= device= dtype= dry-run h/help V/version
end

function __fish_infer_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_infer_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_infer_using_subcommand
    set -l cmd (__fish_infer_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c infer -n "__fish_infer_needs_command" -l model -d 'A run\'s folder, a checkpoint, a model\'s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_needs_command" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_needs_command" -l lora -d 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added' -r
complete -c infer -n "__fish_infer_needs_command" -l guide-model -d 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both' -r -F
complete -c infer -n "__fish_infer_needs_command" -l guide-weights -d 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_needs_command" -l class -d 'Classes by name or number, separated by commas; each is drawn once. [default: all]' -r
complete -c infer -n "__fish_infer_needs_command" -l prompt -d 'What a text model shall draw; may be given several times' -r
complete -c infer -n "__fish_infer_needs_command" -l prompts -d 'A file with a prompt a line; `-` for the standard input' -r -F
complete -c infer -n "__fish_infer_needs_command" -l negative -d 'What a text model shall not draw' -r
complete -c infer -n "__fish_infer_needs_command" -l text-encoder -d 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_needs_command" -l text-dtype -d 'Format of the text encoder\'s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]' -r
complete -c infer -n "__fish_infer_needs_command" -l count -d 'Images of each class or prompt' -r
complete -c infer -n "__fish_infer_needs_command" -l seed -d 'Seed and number of an image, which grids write above their columns, are its noise: another class or word keeps the composition. --batch and --count change nothing' -r
complete -c infer -n "__fish_infer_needs_command" -l steps -d 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_needs_command" -l solver -d 'How the differential equation is solved. [default: the model\'s]' -r -f -a "euler\t'First order, one evaluation a step'
heun\t'Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better'
dopri5\t'Fifth order with adaptive steps'
ab2\t'Second order, one evaluation a step (Adams and Bashforth)'
ab3\t'Third order, one evaluation a step and one more in a stage\'s first'
dpmpp2m\t'DPM-Solver++ (2M): second order, one evaluation a step'
unipc\t'UniPC: second order, one evaluation a step'"
complete -c infer -n "__fish_infer_needs_command" -l guidance -d 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_needs_command" -l guidance-rule -d 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_needs_command" -l shift -d 'Warp of the time within a stage; 1 is none' -r
complete -c infer -n "__fish_infer_needs_command" -l rtol -d 'Relative tolerance of dopri5' -r
complete -c infer -n "__fish_infer_needs_command" -l atol -d 'Absolute tolerance of dopri5' -r
complete -c infer -n "__fish_infer_needs_command" -l size -d 'Size of the images in pixels: 32, or height and width as 48x32. [default: what the model was trained on]' -r
complete -c infer -n "__fish_infer_needs_command" -l batch -d 'Images drawn at once; changes speed and memory, not the images' -r
complete -c infer -n "__fish_infer_needs_command" -l out -d 'FILE.png for a grid, FILE.npz for an array, a folder for single files. [default: samples/grid-N.png]' -r -F
complete -c infer -n "__fish_infer_needs_command" -l scale -d 'How many times the images of a grid are enlarged. [default: to 96 pixels or more]' -r
complete -c infer -n "__fish_infer_needs_command" -l strip -d 'Also write a picture with the ends of the stages side by side, of 16 images of the first batch at most' -r -F
complete -c infer -n "__fish_infer_needs_command" -l animation -d 'Also write every step as a moving picture: FILE.gif, FILE.webp, or FILE.png. Of the same images as --strip' -r -F
complete -c infer -n "__fish_infer_needs_command" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_needs_command" -l dtype -d 'Format of weights and activations; norms, softmax and the solver stay in f32. f16 and bf16 need half the memory of f32, and are faster on most GPUs; on CPUs f32 is fastest. int8 needs a quarter for the weights and computes in f32, everywhere; weights that are in int8 on disk stay so' -r -f -a "f32\t'32-bit floats'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'
int8\t'Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats'"
complete -c infer -n "__fish_infer_needs_command" -l reference -d 'Sample exactly as the PyTorch implementation does, with its flaws'
complete -c infer -n "__fish_infer_needs_command" -l preview -d 'Show the images in the terminal while they are drawn: 16 of the first batch at most'
complete -c infer -n "__fish_infer_needs_command" -l dry-run -d 'Print what drawing would need in memory and exit'
complete -c infer -n "__fish_infer_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_needs_command" -s V -l version -d 'Print version'
complete -c infer -n "__fish_infer_needs_command" -f -a "sample" -d 'Draw images'
complete -c infer -n "__fish_infer_needs_command" -f -a "edit" -d 'Draw a picture anew, as a whole or in part'
complete -c infer -n "__fish_infer_needs_command" -f -a "replay" -d 'Draw a picture again from the recipe inside it and compare the pixels'
complete -c infer -n "__fish_infer_needs_command" -f -a "serve" -d 'Draw for a web page and for other programs, over HTTP'
complete -c infer -n "__fish_infer_needs_command" -f -a "info" -d 'Say what a model is'
complete -c infer -n "__fish_infer_needs_command" -f -a "doctor" -d 'Look at the machine, its devices and a model: what works, how fast, and what does not and why'
complete -c infer -n "__fish_infer_needs_command" -f -a "evaluate" -d 'Measure how good images are: FID and its relatives, copies, captions'
complete -c infer -n "__fish_infer_needs_command" -f -a "sweep" -d 'Find the sampler settings that draw best for how many network calls'
complete -c infer -n "__fish_infer_needs_command" -f -a "evaluate-captions" -d 'The older name of `infer evaluate captions`'
complete -c infer -n "__fish_infer_needs_command" -f -a "generate" -d 'Draw a public benchmark\'s prompts in the layout that its evaluator reads'
complete -c infer -n "__fish_infer_needs_command" -f -a "convert" -d 'Write weights anew: as safetensors, in another number format, in one file or several'
complete -c infer -n "__fish_infer_needs_command" -f -a "merge" -d 'Make one model of a model and low-rank adapters'
complete -c infer -n "__fish_infer_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c infer -n "__fish_infer_using_subcommand sample" -l model -d 'A run\'s folder, a checkpoint, a model\'s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_using_subcommand sample" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand sample" -l lora -d 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l guide-model -d 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both' -r -F
complete -c infer -n "__fish_infer_using_subcommand sample" -l guide-weights -d 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand sample" -l class -d 'Classes by name or number, separated by commas; each is drawn once. [default: all]' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l prompt -d 'What a text model shall draw; may be given several times' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l prompts -d 'A file with a prompt a line; `-` for the standard input' -r -F
complete -c infer -n "__fish_infer_using_subcommand sample" -l negative -d 'What a text model shall not draw' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l text-encoder -d 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l text-dtype -d 'Format of the text encoder\'s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l count -d 'Images of each class or prompt' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l seed -d 'Seed and number of an image, which grids write above their columns, are its noise: another class or word keeps the composition. --batch and --count change nothing' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l steps -d 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l solver -d 'How the differential equation is solved. [default: the model\'s]' -r -f -a "euler\t'First order, one evaluation a step'
heun\t'Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better'
dopri5\t'Fifth order with adaptive steps'
ab2\t'Second order, one evaluation a step (Adams and Bashforth)'
ab3\t'Third order, one evaluation a step and one more in a stage\'s first'
dpmpp2m\t'DPM-Solver++ (2M): second order, one evaluation a step'
unipc\t'UniPC: second order, one evaluation a step'"
complete -c infer -n "__fish_infer_using_subcommand sample" -l guidance -d 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l guidance-rule -d 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l shift -d 'Warp of the time within a stage; 1 is none' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l rtol -d 'Relative tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l atol -d 'Absolute tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l size -d 'Size of the images in pixels: 32, or height and width as 48x32. [default: what the model was trained on]' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l batch -d 'Images drawn at once; changes speed and memory, not the images' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l out -d 'FILE.png for a grid, FILE.npz for an array, a folder for single files. [default: samples/grid-N.png]' -r -F
complete -c infer -n "__fish_infer_using_subcommand sample" -l scale -d 'How many times the images of a grid are enlarged. [default: to 96 pixels or more]' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l strip -d 'Also write a picture with the ends of the stages side by side, of 16 images of the first batch at most' -r -F
complete -c infer -n "__fish_infer_using_subcommand sample" -l animation -d 'Also write every step as a moving picture: FILE.gif, FILE.webp, or FILE.png. Of the same images as --strip' -r -F
complete -c infer -n "__fish_infer_using_subcommand sample" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_using_subcommand sample" -l dtype -d 'Format of weights and activations; norms, softmax and the solver stay in f32. f16 and bf16 need half the memory of f32, and are faster on most GPUs; on CPUs f32 is fastest. int8 needs a quarter for the weights and computes in f32, everywhere; weights that are in int8 on disk stay so' -r -f -a "f32\t'32-bit floats'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'
int8\t'Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats'"
complete -c infer -n "__fish_infer_using_subcommand sample" -l reference -d 'Sample exactly as the PyTorch implementation does, with its flaws'
complete -c infer -n "__fish_infer_using_subcommand sample" -l preview -d 'Show the images in the terminal while they are drawn: 16 of the first batch at most'
complete -c infer -n "__fish_infer_using_subcommand sample" -l dry-run -d 'Print what drawing would need in memory and exit'
complete -c infer -n "__fish_infer_using_subcommand sample" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand edit" -l image -d 'The picture: PNG, JPEG or WebP, of a size that the model draws; with --from-stage, and without --mask, also of half the sides of that stage or of one above. It is turned as its EXIF orientation says; transparency is left out, as in training' -r -F
complete -c infer -n "__fish_infer_using_subcommand edit" -l mask -d 'What to draw anew, an image of the picture\'s size: white is drawn, black stays, grey is mixed. Of one with transparency, what is transparent is drawn' -r -F
complete -c infer -n "__fish_infer_using_subcommand edit" -l strength -d 'How much is drawn anew: 0 is the picture, 1 begins with nothing of it. [default: 0.6, with --mask 1]' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l from-stage -d 'Begin at the start of this stage, counted from 0, with the picture in half the stage\'s sides: what is coarser stays, detail is new. From stage 0, without --mask, nothing of the picture is used' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l resample -d 'With --mask: how often the second half of each stage is gone through, 1 to 32. More harmonises the seam of what stays and what is drawn, and costs as much again for every two (RePaint, arXiv 2201.09865)' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l model -d 'A run\'s folder, a checkpoint, a model\'s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_using_subcommand edit" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand edit" -l lora -d 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l guide-model -d 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both' -r -F
complete -c infer -n "__fish_infer_using_subcommand edit" -l guide-weights -d 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand edit" -l prompt -d 'What a text model shall draw; may be given several times' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l prompts -d 'A file with a prompt a line; `-` for the standard input' -r -F
complete -c infer -n "__fish_infer_using_subcommand edit" -l negative -d 'What a text model shall not draw' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l text-encoder -d 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l text-dtype -d 'Format of the text encoder\'s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l count -d 'Images of each class or prompt' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l seed -d 'Seed and number of an image, which grids write above their columns, are its noise: another class or word keeps the composition. --batch and --count change nothing' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l steps -d 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l solver -d 'How the differential equation is solved. [default: the model\'s]' -r -f -a "euler\t'First order, one evaluation a step'
heun\t'Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better'
dopri5\t'Fifth order with adaptive steps'
ab2\t'Second order, one evaluation a step (Adams and Bashforth)'
ab3\t'Third order, one evaluation a step and one more in a stage\'s first'
dpmpp2m\t'DPM-Solver++ (2M): second order, one evaluation a step'
unipc\t'UniPC: second order, one evaluation a step'"
complete -c infer -n "__fish_infer_using_subcommand edit" -l guidance -d 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l guidance-rule -d 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l shift -d 'Warp of the time within a stage; 1 is none' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l rtol -d 'Relative tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l atol -d 'Absolute tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l batch -d 'Images drawn at once; changes speed and memory, not the images' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l out -d 'FILE.png for a grid, FILE.npz for an array, a folder for single files. [default: samples/grid-N.png]' -r -F
complete -c infer -n "__fish_infer_using_subcommand edit" -l scale -d 'How many times the images of a grid are enlarged. [default: to 96 pixels or more]' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l strip -d 'Also write a picture with the ends of the stages side by side, of 16 images of the first batch at most' -r -F
complete -c infer -n "__fish_infer_using_subcommand edit" -l animation -d 'Also write every step as a moving picture: FILE.gif, FILE.webp, or FILE.png. Of the same images as --strip' -r -F
complete -c infer -n "__fish_infer_using_subcommand edit" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l dtype -d 'Format of weights and activations; norms, softmax and the solver stay in f32. f16 and bf16 need half the memory of f32, and are faster on most GPUs; on CPUs f32 is fastest. int8 needs a quarter for the weights and computes in f32, everywhere; weights that are in int8 on disk stay so' -r -f -a "f32\t'32-bit floats'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'
int8\t'Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats'"
complete -c infer -n "__fish_infer_using_subcommand edit" -l class -d 'Classes by name or number, separated by commas; each is drawn once. [default: what the picture\'s recipe says]' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l size -d 'Size of the images in pixels: 32, or height and width as 48x32. [default: the picture\'s; with --from-stage the model\'s own if the picture leads to it, else the smallest that fits]' -r
complete -c infer -n "__fish_infer_using_subcommand edit" -l reference -d 'Sample exactly as the PyTorch implementation does, with its flaws'
complete -c infer -n "__fish_infer_using_subcommand edit" -l preview -d 'Show the images in the terminal while they are drawn: 16 of the first batch at most'
complete -c infer -n "__fish_infer_using_subcommand edit" -l dry-run -d 'Print what drawing would need in memory and exit'
complete -c infer -n "__fish_infer_using_subcommand edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand replay" -l model -d 'Where the model is. [default: the demo it was drawn with, or the folder of its name here]' -r -F
complete -c infer -n "__fish_infer_using_subcommand replay" -l lora -d 'An adapter that the model was changed with: see `infer sample`. Several in the order of the picture\'s' -r
complete -c infer -n "__fish_infer_using_subcommand replay" -l guide-model -d 'Where the guide is, of a picture that was drawn with one. [default: as of the model]' -r -F
complete -c infer -n "__fish_infer_using_subcommand replay" -l text-encoder -d 'Where the text encoder is. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand replay" -l image -d 'The picture that it is an edit of. Its pixels are compared with the recipe\'s hash' -r -F
complete -c infer -n "__fish_infer_using_subcommand replay" -l mask -d 'The mask that it was edited with' -r -F
complete -c infer -n "__fish_infer_using_subcommand replay" -l out -d 'Also write the new picture here' -r -F
complete -c infer -n "__fish_infer_using_subcommand replay" -l device -d 'Where to compute' -r
complete -c infer -n "__fish_infer_using_subcommand replay" -s h -l help -d 'Print help'
complete -c infer -n "__fish_infer_using_subcommand serve" -l model -d 'A run\'s folder, a checkpoint, a model\'s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_using_subcommand serve" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand serve" -l lora -d 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l guide-model -d 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both' -r -F
complete -c infer -n "__fish_infer_using_subcommand serve" -l guide-weights -d 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand serve" -l steps -d 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l solver -d 'How the differential equation is solved. [default: the model\'s]' -r -f -a "euler\t'First order, one evaluation a step'
heun\t'Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better'
dopri5\t'Fifth order with adaptive steps'
ab2\t'Second order, one evaluation a step (Adams and Bashforth)'
ab3\t'Third order, one evaluation a step and one more in a stage\'s first'
dpmpp2m\t'DPM-Solver++ (2M): second order, one evaluation a step'
unipc\t'UniPC: second order, one evaluation a step'"
complete -c infer -n "__fish_infer_using_subcommand serve" -l guidance -d 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l guidance-rule -d 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l shift -d 'Warp of the time within a stage; 1 is none' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l rtol -d 'Relative tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l atol -d 'Absolute tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l text-encoder -d 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l text-dtype -d 'Format of the text encoder\'s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l host -d 'The address to listen on; 0.0.0.0 is all of them. Beyond this machine it needs a token' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l port -d 'The port to listen on; 0 for any that is free' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l allow-host -d 'A name by which browsers may reach the server, besides its address and localhost; may be given several times. Others are refused, so that no web page can reach it under a name of its own' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l token-file -d 'A file with the token that every request must bring, as `Authorization: Bearer TOKEN`. [default: the environment\'s `PIXELFLOW_TOKEN`, if it is set]' -r -F
complete -c infer -n "__fish_infer_using_subcommand serve" -l queue -d 'Images that may wait; more are refused until there is room' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l keep -d 'Finished images that stay in memory, 512 MiB at most; the oldest jobs go first, the newest always stays' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l batch -d 'Images drawn at once, of one request or of several; changes speed and memory, not the images' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l max-pixels -d 'Pixels of an image, at most, whether it is drawn or sent to be edited' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l max-steps -d 'Steps a stage, at most, of whatever solver' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l grace -d 'Seconds that requests have to be finished in when the server is told to end' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_using_subcommand serve" -l dtype -d 'Format of weights and activations; norms, softmax and the solver stay in f32' -r -f -a "f32\t'32-bit floats'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'
int8\t'Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats'"
complete -c infer -n "__fish_infer_using_subcommand serve" -l reference -d 'Sample exactly as the PyTorch implementation does, with its flaws'
complete -c infer -n "__fish_infer_using_subcommand serve" -l no-token -d 'Serve beyond this machine without a token: whoever reaches the address may draw'
complete -c infer -n "__fish_infer_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand info" -l model -d 'A run\'s folder, a checkpoint, a model\'s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_using_subcommand info" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand info" -l lora -d 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added' -r
complete -c infer -n "__fish_infer_using_subcommand info" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand doctor" -l model -d 'A run\'s folder, a checkpoint, a model\'s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_using_subcommand doctor" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand doctor" -l lora -d 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added' -r
complete -c infer -n "__fish_infer_using_subcommand doctor" -l steps -d 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand doctor" -l solver -d 'How the differential equation is solved. [default: the model\'s]' -r -f -a "euler\t'First order, one evaluation a step'
heun\t'Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better'
dopri5\t'Fifth order with adaptive steps'
ab2\t'Second order, one evaluation a step (Adams and Bashforth)'
ab3\t'Third order, one evaluation a step and one more in a stage\'s first'
dpmpp2m\t'DPM-Solver++ (2M): second order, one evaluation a step'
unipc\t'UniPC: second order, one evaluation a step'"
complete -c infer -n "__fish_infer_using_subcommand doctor" -l guidance -d 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand doctor" -l guidance-rule -d 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand doctor" -l shift -d 'Warp of the time within a stage; 1 is none' -r
complete -c infer -n "__fish_infer_using_subcommand doctor" -l rtol -d 'Relative tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand doctor" -l atol -d 'Absolute tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand doctor" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_using_subcommand doctor" -l dtype -d 'Format of weights and activations' -r -f -a "f32\t'32-bit floats'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'
int8\t'Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats'"
complete -c infer -n "__fish_infer_using_subcommand doctor" -l reference -d 'Sample exactly as the PyTorch implementation does, with its flaws'
complete -c infer -n "__fish_infer_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -l check -d 'Draw and measure again what a certificate says, and say of each of its numbers whether it stands; the exit code is 0 if all do, else 1. Model, data and networks of another hash are refused' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -l reference -d 'Where the reference is. [default: what comes with the program, or what has its name here]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -l model -d 'Where the model is. [default: the demo, or the folder of its name here]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -l guide-model -d 'Where the guide is, if the images were drawn with one. [default: the folder of its name here]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -l text-encoder -d 'What prompts are read with. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -l prompts -d 'The prompts, where the certificate has only their hash' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -l extractor -d 'The weights of Inception-v3 or DINOv2, where one of them was looked through' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -l train -d 'Where the training images are, where copies were looked for. [default: what has their name here]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -l held-out -d 'The same of the held-out images' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -l batch -d 'Images computed at once. [default: as for the certificate, but 32 at most]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -l device -d 'Where to compute. [default: the certificate\'s kind of device if it is here, else auto]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -f -a "images" -d 'Compare images with real ones: FD or FID, KID, precision, recall, and whether they are copies'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -f -a "model" -d 'Draw images with a model and compare them with real ones; none is written'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -f -a "reference" -d 'Write the statistics of real images, which stand for them in other measurements'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -f -a "compare" -d 'Say which differences of two results are more than chance'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -f -a "merge" -d 'Add up what --partial wrote to statistics, a side of `infer evaluate images`'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -f -a "captions" -d 'Measure how well drawn images follow their captions'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and not __fish_seen_subcommand_from images model reference compare merge captions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from images" -l images -d 'Measure exactly so many of SAMPLES, the first; fewer are an error. [default: all]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from images" -l inception -d 'See through Inception-v3, whose numbers are FID, sFID, IS, KID: pt_inception-2015-12-05-6726825d.pth of pytorch-fid. [default: the shipped EfficientNet-Lite0: FD-EffLite0, KID-EffLite0, which are no FID]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from images" -l dinov2 -d 'See through DINOv2 ViT-L/14, whose numbers are FD-DINOv2, KID-DINOv2: dinov2_vitl14_pretrain.pth of facebookresearch' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from images" -l protocol -d 'Whose numbers are reproduced: how images come to Inception\'s size, and into which parts they are split' -r -f -a "adm\t'Guided diffusion\'s evaluator, which papers on ImageNet report'
torch-fidelity\t'The package torch-fidelity'
pytorch-fid\t'The package pytorch-fid'
clean\t'The package clean-fid; images may have different sizes'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from images" -l metrics -d 'Which metrics. `frechet,score` needs no more memory for more images' -r -f -a "frechet\t'FD or FID, and sFID'
kernel\t'KID with its standard error'
neighbours\t'Precision, recall, density, coverage'
classes\t'How often a linear probe, which learns from the real images, reads a sample\'s class off it; beside it the ceiling, the same of real images that it has not seen'
score\t'The Inception Score, through Inception alone'
infinity\t'FD or FID extrapolated to infinitely many images; takes fifteen distances\' time'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from images" -l train -d 'The images that the model was trained on: adds memorisation, the share of samples that are nearer to one of them than the nearest 1 % of --held-out are' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from images" -l held-out -d 'Real images that the model was not trained on' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from images" -l json -d 'Also write everything as JSON here; `-` writes it to the standard output instead of the table' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from images" -l batch -d 'Images computed at once; changes speed and memory. On the CPU they go through the network side by side: as many as there are cores, at least' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from images" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from images" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l images -d 'How many images are drawn for each repeat; papers mostly have 50000' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l repeats -d 'How many times it is done, each with a seed of its own: the mean is printed with its standard error' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l labels -d 'Which class an image has' -r -f -a "balanced\t'All classes equally often; makes FID about 0.1 lower than random'
random\t'A random class for each image'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l prompts -d 'A file with a prompt a line, which a text model draws; `-` for the standard input' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l certificate -d 'Also write a certificate here, which `infer evaluate --check` draws and measures again: FILE.json, and FILE.html beside it with the first images. Nothing that exists is replaced' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l partial -d 'Compare nothing; write the sums of the features to FILE.npz, or to I-of-N.npz in a folder' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l shard -d 'Draw only part I of N, 1/4 to 4/4, in whole batches. auto: what Slurm (array, srun) or Open MPI say in the environment' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l model -d 'A run\'s folder, a checkpoint, a model\'s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l lora -d 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l guide-model -d 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l guide-weights -d 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l steps -d 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l solver -d 'How the differential equation is solved. [default: the model\'s]' -r -f -a "euler\t'First order, one evaluation a step'
heun\t'Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better'
dopri5\t'Fifth order with adaptive steps'
ab2\t'Second order, one evaluation a step (Adams and Bashforth)'
ab3\t'Third order, one evaluation a step and one more in a stage\'s first'
dpmpp2m\t'DPM-Solver++ (2M): second order, one evaluation a step'
unipc\t'UniPC: second order, one evaluation a step'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l guidance -d 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l guidance-rule -d 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l shift -d 'Warp of the time within a stage; 1 is none' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l rtol -d 'Relative tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l atol -d 'Absolute tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l negative -d 'What a text model shall not draw' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l text-encoder -d 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l text-dtype -d 'Format of the text encoder\'s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l seed -d 'The same seed gives the same images, whatever --batch or the other captions' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l batch -d 'Images drawn at once; changes speed and memory, not the images' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l dtype -d 'Format of weights and activations; norms, softmax and the solver stay in f32' -r -f -a "f32\t'32-bit floats'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'
int8\t'Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l inception -d 'See through Inception-v3, whose numbers are FID, sFID, IS, KID: pt_inception-2015-12-05-6726825d.pth of pytorch-fid. [default: the shipped EfficientNet-Lite0: FD-EffLite0, KID-EffLite0, which are no FID]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l dinov2 -d 'See through DINOv2 ViT-L/14, whose numbers are FD-DINOv2, KID-DINOv2: dinov2_vitl14_pretrain.pth of facebookresearch' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l protocol -d 'Whose numbers are reproduced: how images come to Inception\'s size, and into which parts they are split' -r -f -a "adm\t'Guided diffusion\'s evaluator, which papers on ImageNet report'
torch-fidelity\t'The package torch-fidelity'
pytorch-fid\t'The package pytorch-fid'
clean\t'The package clean-fid; images may have different sizes'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l metrics -d 'Which metrics. `frechet,score` needs no more memory for more images' -r -f -a "frechet\t'FD or FID, and sFID'
kernel\t'KID with its standard error'
neighbours\t'Precision, recall, density, coverage'
classes\t'How often a linear probe, which learns from the real images, reads a sample\'s class off it; beside it the ceiling, the same of real images that it has not seen'
score\t'The Inception Score, through Inception alone'
infinity\t'FD or FID extrapolated to infinitely many images; takes fifteen distances\' time'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l train -d 'The images that the model was trained on: adds memorisation, the share of samples that are nearer to one of them than the nearest 1 % of --held-out are' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l held-out -d 'Real images that the model was not trained on' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l json -d 'Also write everything as JSON here; `-` writes it to the standard output instead of the table' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -l reference -d 'Sample exactly as the PyTorch implementation does, with its flaws'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from model" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from reference" -l partial -d 'Write the sums of the features to FILE.npz, or to I-of-N.npz in a folder, instead of statistics; saved and gone on from as of `infer evaluate model`' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from reference" -l shard -d 'Take only part I of N of the images, 1/4 to 4/4, in whole batches. auto: what Slurm (array, srun) or Open MPI say in the environment' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from reference" -l inception -d 'See through Inception-v3, whose numbers are FID, sFID, IS, KID: pt_inception-2015-12-05-6726825d.pth of pytorch-fid. [default: the shipped EfficientNet-Lite0: FD-EffLite0, KID-EffLite0, which are no FID]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from reference" -l dinov2 -d 'See through DINOv2 ViT-L/14, whose numbers are FD-DINOv2, KID-DINOv2: dinov2_vitl14_pretrain.pth of facebookresearch' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from reference" -l protocol -d 'Whose numbers are reproduced: how images come to Inception\'s size, and into which parts they are split' -r -f -a "adm\t'Guided diffusion\'s evaluator, which papers on ImageNet report'
torch-fidelity\t'The package torch-fidelity'
pytorch-fid\t'The package pytorch-fid'
clean\t'The package clean-fid; images may have different sizes'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from reference" -l batch -d 'Images computed at once; changes speed and memory. On the CPU they go through the network side by side: as many as there are cores, at least' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from reference" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from reference" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from compare" -l json -d 'Also write everything as JSON here; `-` writes it to the standard output instead of the table' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from compare" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from merge" -l out -d 'FILE.npz for the statistics, as `infer evaluate reference` writes them. Nothing that exists is replaced' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l model -d 'A run\'s folder, a checkpoint, a model\'s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l lora -d 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l guide-model -d 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l guide-weights -d 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l steps -d 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l solver -d 'How the differential equation is solved. [default: the model\'s]' -r -f -a "euler\t'First order, one evaluation a step'
heun\t'Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better'
dopri5\t'Fifth order with adaptive steps'
ab2\t'Second order, one evaluation a step (Adams and Bashforth)'
ab3\t'Third order, one evaluation a step and one more in a stage\'s first'
dpmpp2m\t'DPM-Solver++ (2M): second order, one evaluation a step'
unipc\t'UniPC: second order, one evaluation a step'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l guidance -d 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l guidance-rule -d 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l shift -d 'Warp of the time within a stage; 1 is none' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l rtol -d 'Relative tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l atol -d 'Absolute tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l negative -d 'What a text model shall not draw' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l text-encoder -d 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l text-dtype -d 'Format of the text encoder\'s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l seed -d 'The same seed gives the same images, whatever --batch or the other captions' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l batch -d 'Images drawn at once; changes speed and memory, not the images' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l dtype -d 'Format of weights and activations; norms, softmax and the solver stay in f32' -r -f -a "f32\t'32-bit floats'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'
int8\t'Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats'"
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l train -d '`WebDataset` tar, or a folder of them, that the probes learn from: images with their attributes in .json, texts or null. [default: assets/demo/heroes.tar]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l heldout -d 'The same of images that the model was not trained on; their captions are drawn. [default: assets/demo/heroes-heldout.tar]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l count -d 'Only the first so many held-out captions. [default: all]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l edit -d 'Edit the real held-out images: give this attribute another value in the caption, draw the pixels anew that tell its values apart, and measure how often the new value is read off, beside images drawn as a whole' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l resample -d 'Passes at the seam of an edit' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l json -d 'Also write the table here as JSON' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l grid -d 'Also write a picture here of some captions: drawn image on the left, real one on the right' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l reference -d 'Sample exactly as the PyTorch implementation does, with its flaws'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -l real-only -d 'Measure the real images alone, the ceiling; needs no model'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from captions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from help" -f -a "images" -d 'Compare images with real ones: FD or FID, KID, precision, recall, and whether they are copies'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from help" -f -a "model" -d 'Draw images with a model and compare them with real ones; none is written'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from help" -f -a "reference" -d 'Write the statistics of real images, which stand for them in other measurements'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from help" -f -a "compare" -d 'Say which differences of two results are more than chance'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from help" -f -a "merge" -d 'Add up what --partial wrote to statistics, a side of `infer evaluate images`'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from help" -f -a "captions" -d 'Measure how well drawn images follow their captions'
complete -c infer -n "__fish_infer_using_subcommand evaluate; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c infer -n "__fish_infer_using_subcommand sweep" -l model -d 'Models to compare, each as `infer sample` takes it. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_using_subcommand sweep" -l weights -d 'Of training checkpoints: their moving averages, or the weights being trained, or both' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand sweep" -l solver -d 'Solvers' -r -f -a "euler\t'First order, one evaluation a step'
heun\t'Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better'
dopri5\t'Fifth order with adaptive steps'
ab2\t'Second order, one evaluation a step (Adams and Bashforth)'
ab3\t'Third order, one evaluation a step and one more in a stage\'s first'
dpmpp2m\t'DPM-Solver++ (2M): second order, one evaluation a step'
unipc\t'UniPC: second order, one evaluation a step'"
complete -c infer -n "__fish_infer_using_subcommand sweep" -l steps -d 'Steps a stage, each one number, or one for each stage such as 4,6,10' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l guidance -d 'Guidance: scales, or schedules such as interval:1.5@0.2-0.8; see `infer sample`' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l guidance-rule -d 'Rules of guidance: plain, cfg-zero-star, apg, with or without settings; see `infer sample`' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l shift -d 'Warps of the time within a stage' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l guide-model -d 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both' -r -F
complete -c infer -n "__fish_infer_using_subcommand sweep" -l guide-weights -d 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand sweep" -l images -d 'How many images are drawn for each cell and repeat' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l repeats -d 'How many times each cell is measured, each time with a seed of its own' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l confirm -d 'How many times the best cells are measured again with fresh seeds; 0 is never' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l labels -d 'Which class an image has' -r -f -a "balanced\t'All classes equally often; makes FID about 0.1 lower than random'
random\t'A random class for each image'"
complete -c infer -n "__fish_infer_using_subcommand sweep" -l prompts -d 'A file with a prompt a line, which a text model draws' -r -F
complete -c infer -n "__fish_infer_using_subcommand sweep" -l seed -d 'Seed of the first repeat; each further one has the next' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l negative -d 'What a text model shall not draw' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l text-encoder -d 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l text-dtype -d 'Format of the text encoder\'s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l batch -d 'Images drawn at once; changes speed and memory, not the images' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l dtype -d 'Format of weights and activations; norms, softmax and the solver stay in f32' -r -f -a "f32\t'32-bit floats'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'
int8\t'Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats'"
complete -c infer -n "__fish_infer_using_subcommand sweep" -l inception -d 'See through Inception-v3, whose numbers are FID, sFID, IS, KID: pt_inception-2015-12-05-6726825d.pth of pytorch-fid. [default: the shipped EfficientNet-Lite0: FD-EffLite0, KID-EffLite0, which are no FID]' -r -F
complete -c infer -n "__fish_infer_using_subcommand sweep" -l dinov2 -d 'See through DINOv2 ViT-L/14, whose numbers are FD-DINOv2, KID-DINOv2: dinov2_vitl14_pretrain.pth of facebookresearch' -r -F
complete -c infer -n "__fish_infer_using_subcommand sweep" -l protocol -d 'Whose numbers are reproduced: how images come to Inception\'s size, and into which parts they are split' -r -f -a "adm\t'Guided diffusion\'s evaluator, which papers on ImageNet report'
torch-fidelity\t'The package torch-fidelity'
pytorch-fid\t'The package pytorch-fid'
clean\t'The package clean-fid; images may have different sizes'"
complete -c infer -n "__fish_infer_using_subcommand sweep" -l out -d 'The folder of cells.jsonl, table.md, heat-map and quality as .png and .svg. [default: sweeps/sweep-N]' -r -F
complete -c infer -n "__fish_infer_using_subcommand sweep" -l shard -d 'Only part I of N, 1/4 to 4/4: every N-th cell. auto: what Slurm or Open MPI say in the environment. The parts may go into one folder at a time' -r
complete -c infer -n "__fish_infer_using_subcommand sweep" -l report -d 'Draw nothing: make the report of what is measured in a folder' -r -F
complete -c infer -n "__fish_infer_using_subcommand sweep" -l dry-run -d 'Print the cells, and what they would cost, and exit'
complete -c infer -n "__fish_infer_using_subcommand sweep" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l model -d 'A run\'s folder, a checkpoint, a model\'s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l lora -d 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l guide-model -d 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l guide-weights -d 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l steps -d 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l solver -d 'How the differential equation is solved. [default: the model\'s]' -r -f -a "euler\t'First order, one evaluation a step'
heun\t'Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better'
dopri5\t'Fifth order with adaptive steps'
ab2\t'Second order, one evaluation a step (Adams and Bashforth)'
ab3\t'Third order, one evaluation a step and one more in a stage\'s first'
dpmpp2m\t'DPM-Solver++ (2M): second order, one evaluation a step'
unipc\t'UniPC: second order, one evaluation a step'"
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l guidance -d 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l guidance-rule -d 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l shift -d 'Warp of the time within a stage; 1 is none' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l rtol -d 'Relative tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l atol -d 'Absolute tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l negative -d 'What a text model shall not draw' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l text-encoder -d 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l text-dtype -d 'Format of the text encoder\'s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l seed -d 'The same seed gives the same images, whatever --batch or the other captions' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l batch -d 'Images drawn at once; changes speed and memory, not the images' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l dtype -d 'Format of weights and activations; norms, softmax and the solver stay in f32' -r -f -a "f32\t'32-bit floats'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'
int8\t'Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats'"
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l train -d '`WebDataset` tar, or a folder of them, that the probes learn from: images with their attributes in .json, texts or null. [default: assets/demo/heroes.tar]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l heldout -d 'The same of images that the model was not trained on; their captions are drawn. [default: assets/demo/heroes-heldout.tar]' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l count -d 'Only the first so many held-out captions. [default: all]' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l edit -d 'Edit the real held-out images: give this attribute another value in the caption, draw the pixels anew that tell its values apart, and measure how often the new value is read off, beside images drawn as a whole' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l resample -d 'Passes at the seam of an edit' -r
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l json -d 'Also write the table here as JSON' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l grid -d 'Also write a picture here of some captions: drawn image on the left, real one on the right' -r -F
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l reference -d 'Sample exactly as the PyTorch implementation does, with its flaws'
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -l real-only -d 'Measure the real images alone, the ceiling; needs no model'
complete -c infer -n "__fish_infer_using_subcommand evaluate-captions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand generate" -l model -d 'A run\'s folder, a checkpoint, a model\'s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_using_subcommand generate" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand generate" -l lora -d 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l guide-model -d 'Guide the model away from this one, instead of from what it draws without a condition (autoguidance, arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the class or prompt: images get better and keep their variety. The paper guides at all times: constant:2 rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where g is not 1, and memory for the weights of both' -r -F
complete -c infer -n "__fish_infer_using_subcommand generate" -l guide-weights -d 'Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are the worse ones' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand generate" -l steps -d 'Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l solver -d 'How the differential equation is solved. [default: the model\'s]' -r -f -a "euler\t'First order, one evaluation a step'
heun\t'Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better'
dopri5\t'Fifth order with adaptive steps'
ab2\t'Second order, one evaluation a step (Adams and Bashforth)'
ab3\t'Third order, one evaluation a step and one more in a stage\'s first'
dpmpp2m\t'DPM-Solver++ (2M): second order, one evaluation a step'
unipc\t'UniPC: second order, one evaluation a step'"
complete -c infer -n "__fish_infer_using_subcommand generate" -l guidance -d 'A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without one, stage-wise for classes and constant for text. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l guidance-rule -d 'How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings: cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l shift -d 'Warp of the time within a stage; 1 is none' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l rtol -d 'Relative tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l atol -d 'Absolute tolerance of dopri5' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l negative -d 'What a text model shall not draw' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l text-encoder -d 'The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model\'s]' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l text-dtype -d 'Format of the text encoder\'s weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l seed -d 'The same seed gives the same images, whatever --batch or the other captions' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l batch -d 'Images drawn at once; changes speed and memory, not the images' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l device -d 'Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l dtype -d 'Format of weights and activations; norms, softmax and the solver stay in f32' -r -f -a "f32\t'32-bit floats'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'
int8\t'Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats'"
complete -c infer -n "__fish_infer_using_subcommand generate" -l layout -d 'Whose layout' -r -f -a "geneval\t'`GenEval`: `00000/metadata.jsonl`, `00000/samples/0000.png`'
dpg\t'DPG-Bench: `ID.png`, four images in a square'
t2i-compbench\t'T2I-CompBench: `samples/PROMPT_000000.png`'
coco\t'MS-COCO captions for FID and CLIP scores: `000000391895.png`'"
complete -c infer -n "__fish_infer_using_subcommand generate" -l prompts -d 'geneval: `evaluation_metadata.jsonl`; dpg: the folder of ID.txt; t2i-compbench: `CATEGORY_val.txt`; coco: `captions_val2014.json`, lines `ID TAB caption` in a .tsv, or caption lines in a .txt' -r -F
complete -c infer -n "__fish_infer_using_subcommand generate" -l out -d 'The folder; of t2i-compbench one for each category' -r -F
complete -c infer -n "__fish_infer_using_subcommand generate" -l images -d 'Images of each prompt. [default: geneval 4, dpg 4 in one picture, t2i-compbench 10, coco 1]' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l size -d 'Size of the images in pixels: 256, or height and width as 256x192. [default: what the model was trained on]' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l shard -d 'Only part I of N, 1/4 to 4/4: every N-th prompt. The parts may go into one folder at a time. auto: what Slurm (array, srun) or Open MPI say in the environment' -r
complete -c infer -n "__fish_infer_using_subcommand generate" -l reference -d 'Sample exactly as the PyTorch implementation does, with its flaws'
complete -c infer -n "__fish_infer_using_subcommand generate" -l verify -d 'Draw nothing, check the finished folder: every file there, sound, of the right size, nothing else. Needs no model'
complete -c infer -n "__fish_infer_using_subcommand generate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand convert" -l dtype -d 'Number format of the floats. [default: each as it is]' -r -f -a "f32\t'32-bit floats'
f16\t'16-bit floats'
bf16\t'16-bit floats with the range of 32 bits'
int8\t'Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats'"
complete -c infer -n "__fish_infer_using_subcommand convert" -l max-shard-size -d 'Spread the tensors over files of at most this size, such as 2GB. [default: one file]' -r
complete -c infer -n "__fish_infer_using_subcommand convert" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand convert" -l report -d 'Write a line for each tensor here: shape, formats, largest absolute and relative error' -r -F
complete -c infer -n "__fish_infer_using_subcommand convert" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand merge" -l model -d 'A run\'s folder, a checkpoint, a model\'s folder, a .safetensors, a .pt, or a name on the Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]' -r -F
complete -c infer -n "__fish_infer_using_subcommand merge" -l weights -d 'Of a training checkpoint: the moving average, or the weights being trained' -r -f -a "ema\t'Their moving average'
model\t'The weights being trained'"
complete -c infer -n "__fish_infer_using_subcommand merge" -l lora -d 'A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are added' -r
complete -c infer -n "__fish_infer_using_subcommand merge" -l dtype -d 'Number format of the new weights: f32, f16 or bf16' -r
complete -c infer -n "__fish_infer_using_subcommand merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "sample" -d 'Draw images'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "edit" -d 'Draw a picture anew, as a whole or in part'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "replay" -d 'Draw a picture again from the recipe inside it and compare the pixels'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "serve" -d 'Draw for a web page and for other programs, over HTTP'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "info" -d 'Say what a model is'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "doctor" -d 'Look at the machine, its devices and a model: what works, how fast, and what does not and why'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "evaluate" -d 'Measure how good images are: FID and its relatives, copies, captions'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "sweep" -d 'Find the sampler settings that draw best for how many network calls'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "evaluate-captions" -d 'The older name of `infer evaluate captions`'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "generate" -d 'Draw a public benchmark\'s prompts in the layout that its evaluator reads'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "convert" -d 'Write weights anew: as safetensors, in another number format, in one file or several'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "merge" -d 'Make one model of a model and low-rank adapters'
complete -c infer -n "__fish_infer_using_subcommand help; and not __fish_seen_subcommand_from sample edit replay serve info doctor evaluate sweep evaluate-captions generate convert merge help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c infer -n "__fish_infer_using_subcommand help; and __fish_seen_subcommand_from evaluate" -f -a "images" -d 'Compare images with real ones: FD or FID, KID, precision, recall, and whether they are copies'
complete -c infer -n "__fish_infer_using_subcommand help; and __fish_seen_subcommand_from evaluate" -f -a "model" -d 'Draw images with a model and compare them with real ones; none is written'
complete -c infer -n "__fish_infer_using_subcommand help; and __fish_seen_subcommand_from evaluate" -f -a "reference" -d 'Write the statistics of real images, which stand for them in other measurements'
complete -c infer -n "__fish_infer_using_subcommand help; and __fish_seen_subcommand_from evaluate" -f -a "compare" -d 'Say which differences of two results are more than chance'
complete -c infer -n "__fish_infer_using_subcommand help; and __fish_seen_subcommand_from evaluate" -f -a "merge" -d 'Add up what --partial wrote to statistics, a side of `infer evaluate images`'
complete -c infer -n "__fish_infer_using_subcommand help; and __fish_seen_subcommand_from evaluate" -f -a "captions" -d 'Measure how well drawn images follow their captions'
